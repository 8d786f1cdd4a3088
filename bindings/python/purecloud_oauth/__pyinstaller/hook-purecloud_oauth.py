from PyInstaller.utils.hooks import collect_dynamic_libs

# Python loads the native library by its path, so PyInstaller does not detect it.
binaries = collect_dynamic_libs("purecloud_oauth")
