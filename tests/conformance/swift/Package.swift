// swift-tools-version: 6.0

import PackageDescription

let package = Package(
    name: "PureCloudOAuthConformance",
    platforms: [.macOS(.v13)],
    dependencies: [
        .package(path: Context.environment["PURECLOUD_OAUTH_PACKAGE"] ?? "PureCloudOAuth")
    ],
    targets: [
        .executableTarget(name: "browser"),
        .executableTarget(name: "conformance", dependencies: ["PureCloudOAuth"]),
        .executableTarget(name: "panicking", dependencies: ["PureCloudOAuth"]),
    ]
)
