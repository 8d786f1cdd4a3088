// swift-tools-version: 6.0

import PackageDescription

// In a program of your own: the folder into which you have unpacked the package.
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
