// The linker flags for the native library. SwiftPM allows a search path only as an unsafe flag, which no released
// dependency may have, so the flags are put into the section in which the Swift compiler passes its own to the linker.
__asm__(".pushsection .swift1_autolink_entries, \"e\", @progbits\n"
        ".asciz \"-L" LIBRARIES "\"\n"
        ".asciz \"-lpurecloud_oauth_native\"\n"
        ".asciz \"-lm\"\n"
        ".popsection\n");
