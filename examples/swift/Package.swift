// swift-tools-version: 6.0

import PackageDescription

// In your own program, the path of the dependency is the folder of the unpacked package.
let package = Package(
    name: "PureCloudOAuthExamples",
    platforms: [.macOS(.v12)],
    dependencies: [
        .package(path: Context.environment["PURECLOUD_OAUTH_PACKAGE"] ?? "PureCloudOAuth")
    ],
    targets: [
        .executableTarget(name: "first-program", dependencies: ["PureCloudOAuth"], path: "first_program"),
        .executableTarget(name: "sign-in", dependencies: ["PureCloudOAuth"], path: "sign_in"),
        .executableTarget(name: "tour", dependencies: ["PureCloudOAuth"], path: "tour"),
    ]
)
