// Where the linker finds the library. SwiftPM allows a search path only as an unsafe flag, which no released
// dependency may have; so the flags stand where the Swift compiler leaves the linker its own.
__asm__(".pushsection .swift1_autolink_entries, \"e\", @progbits\n"
        ".asciz \"-L" LIBRARIES "\"\n"
        ".asciz \"-lpurecloud_oauth_native\"\n"
        ".asciz \"-lm\"\n"
        ".popsection\n");
