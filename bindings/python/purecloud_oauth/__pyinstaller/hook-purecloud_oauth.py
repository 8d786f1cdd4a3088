from PyInstaller.utils.hooks import collect_dynamic_libs

# Python opens the library by its path, which PyInstaller can't see.
binaries = collect_dynamic_libs("purecloud_oauth")
