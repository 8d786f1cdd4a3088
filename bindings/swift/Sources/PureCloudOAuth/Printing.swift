// Printing shows what the library says of an object: of a secret, that there is one.

extension Secret: CustomStringConvertible {
    public var description: String { debugDescription }
}

extension Credentials: CustomStringConvertible {
    public var description: String { debugDescription }
}

extension ServiceHost: CustomStringConvertible {
    public var description: String { debugDescription }
}
