// swift-tools-version: 6.0

import PackageDescription

// The native library is linked statically, so an application needs no additional files.
#if os(Linux)
    #if arch(x86_64)
        let platform = "linux-x86_64"
    #elseif arch(arm64)
        let platform = "linux-aarch64"
    #endif
    let libraries = "\(Context.packageDirectory)/Libraries/\(platform)"
    let ffi = Target.target(
        name: "PureCloudOAuthFFI", cSettings: [.define("LIBRARIES", to: "\"\(libraries)\"")])
#else
    let ffi = Target.binaryTarget(name: "PureCloudOAuthFFI", path: "PureCloudOAuthFFI.xcframework")
#endif

let package = Package(
    name: "PureCloudOAuth",
    platforms: [.macOS(.v12), .iOS(.v15)],
    products: [.library(name: "PureCloudOAuth", targets: ["PureCloudOAuth"])],
    targets: [
        ffi,
        .target(
            name: "PureCloudOAuth",
            dependencies: ["PureCloudOAuthFFI"],
            linkerSettings: [
                .linkedFramework("Security", .when(platforms: [.macOS, .iOS])),
                .linkedFramework("SystemConfiguration", .when(platforms: [.macOS])),
                .linkedFramework("AppKit", .when(platforms: [.macOS])),
            ]
        ),
        .testTarget(name: "PureCloudOAuthTests", dependencies: ["PureCloudOAuth", "PureCloudOAuthFFI"]),
    ]
)
