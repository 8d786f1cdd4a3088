// swift-tools-version: 6.0

import PackageDescription

let package = Package(
    name: "PureCloudOAuthBench",
    platforms: [.macOS(.v13)],
    dependencies: [
        .package(path: Context.environment["PURECLOUD_OAUTH_PACKAGE"] ?? "PureCloudOAuth")
    ],
    targets: [
        .executableTarget(name: "bench-clients", dependencies: ["PureCloudOAuth"], path: "Sources")
    ]
)
