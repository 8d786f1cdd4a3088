"""The native library and uniffi's readers in Python read the same values, for every type of the interface."""

import gc
import importlib
import random
import string
import sys
import unittest
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta, timezone

from purecloud_oauth import (
    Credentials,
    Host,
    InternalError,
    OAuthClientEntityListing,
    OAuthScope,
    Region,
    Secret,
    _reading,
)

# The generated module, which the package does not export.
generated = importlib.import_module("purecloud_oauth._native.purecloud_oauth")

EXAMPLES = {
    "Secret": lambda text: Secret(text),
    "Host": lambda text: Host.region(Region.EU_WEST_1),
    "Credentials": lambda text: Credentials.access_token(Secret(text)),
}


class Types:
    """Builds random values of a type, given the number of the type in the type table.

    The methods for scalars have the names of the kinds in the type table, with an underscore in front.
    """

    def __init__(self, seed):
        self._random = random.Random(seed)
        self._lines = [line.split() for line in generated._UNIFFI_TYPES.decode().splitlines()]
        self._parts, parts = {}, iter(generated._uniffi_parts_of_types())
        for number, (kind, *rest) in enumerate(self._lines):
            count = {"record": 1, "object": 2, "enum": len(rest)}.get(kind, 0)
            self._parts[number] = [next(parts) for _ in range(count)]

    def value(self, number, depth=0):
        (kind, *rest), generator = self._lines[number], self._random
        if kind == "optional":
            return None if depth > 4 or generator.random() < 0.3 else self.value(int(rest[0]), depth + 1)
        if kind == "list":
            return [self.value(int(rest[0]), depth + 1) for _ in range(self._random_count(depth))]
        if kind == "map":
            key, value = map(int, rest)
            return {self.value(key): self.value(value, depth + 1) for _ in range(self._random_count(depth))}
        if kind == "record":
            named = dict(zip(rest[::2], map(int, rest[1::2])))
            # A map in a separate slot contains JSON.
            values = {
                name.removeprefix("?_").removesuffix("_json"): self._json()
                if name[0] == "?"
                else self.value(of, depth + 1)
                for name, of in named.items()
            }
            return self._parts[number][0](**values)
        if kind == "enum":
            variant, value_type = generator.choice(list(zip(self._parts[number], rest)))
            return variant if value_type == "-" else variant(self.value(int(value_type), depth + 1))
        if kind == "object":
            return EXAMPLES[self._parts[number][0].__name__](self._string())
        return getattr(self, f"_{kind}")(*map(int, rest))

    def _json(self):
        values = (None, True, 1.5, self._string(), [1, {"a": self._string()}])
        return {self._string(): self._random.choice(values) for _ in range(self._random_count(0))}

    def contains_objects(self, number, seen=()):
        kind, *rest = self._lines[number]
        inner = rest[1::2] if kind == "record" else [of for of in rest if of != "-" and kind != "integer"]
        inner = [int(of) for of in inner if int(of) not in seen]
        return kind == "object" or any(self.contains_objects(of, (*seen, number)) for of in inner)

    def _random_count(self, depth):
        return self._random.randrange(4) if depth < 5 else 0

    def _string(self):
        letters = string.ascii_letters + "äß€𝄞\0\n "
        return "".join(self._random.choices(letters, k=self._random.choice((0, 1, 8, 40))))

    def _boolean(self):
        return self._random.random() < 0.5

    def _integer(self, size):
        end = 1 << (8 * size - 1)
        return self._random.choice((-end, -1, 0, 1, 255, end - 1, self._random.randrange(-end, end)))

    def _timestamp(self):
        ends = datetime.min.replace(tzinfo=timezone.utc), datetime.max.replace(tzinfo=timezone.utc)
        since_1970 = timedelta(
            seconds=self._random.randrange(-60_000_000_000, 250_000_000_000),
            microseconds=self._random.randrange(1_000_000),
        )
        epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
        before_1970 = epoch - timedelta(microseconds=self._random.randrange(1, 1_000_000))
        return self._random.choice((*ends, before_1970, epoch + since_1970, epoch + since_1970))

    def _duration(self):
        return timedelta(seconds=self._random.randrange(1 << 40), microseconds=self._random.randrange(10**6))


CONVERTERS = {
    member._type: member
    for member in vars(generated).values()
    if isinstance(member, type) and hasattr(member, "_type")
}


def write(converter, value, cut=None, changes=()):
    buffer = converter.lower(value)
    if cut is not None:
        buffer.len = cut
    for place, byte in changes:
        buffer.data[place] = byte
    return buffer


def read_natively(converter, buffer):
    return generated._uniffi_reader()(converter._type, buffer)


def read_in_python(converter, buffer):
    with buffer.consume_with_stream() as stream:
        return converter.read(stream)


def read_or_error(read, converter, buffer):
    try:
        return read(converter, buffer)
    except Exception as error:
        return error


class Reading(unittest.TestCase):
    def setUp(self):
        self.types = Types(seed=20_260_301)

    def test_the_native_reader_is_available(self):
        self.assertIsNotNone(generated._uniffi_reader())

    def test_every_type(self):
        self.assertGreater(len(CONVERTERS), 60)
        for number, converter in CONVERTERS.items():
            for _ in range(40):
                value = self.types.value(number)
                read = [read(converter, write(converter, value)) for read in (read_natively, read_in_python)]
                self.assert_same(*read)

    def test_attributes_that_are_not_plain_slots_are_set_by_name(self):
        descriptions = []

        class WithoutSlots:
            pass

        class WithProperty:
            __slots__ = (
                *(field.name for field in fields(OAuthScope) if field.name != "description"),
                "stored",
            )

            @property
            def description(self):
                return f"scope: {self.stored}"

            @description.setter
            def description(self, description):
                self.stored = description
                descriptions.append(description)

        converter = generated._UniffiFfiConverterTypeOAuthScope
        scope = OAuthScope(id="users", description="Benutzer")
        for replacement, description in ((WithoutSlots, "Benutzer"), (WithProperty, "scope: Benutzer")):
            parts = generated._uniffi_parts_of_types()
            parts = [replacement if part is OAuthScope else part for part in parts]
            read = _reading.reader(
                generated._UniffiLib,
                generated._UniffiRustBuffer,
                InternalError,
                generated._UNIFFI_TYPES,
                parts,
            )
            value = read(converter._type, write(converter, scope))
            self.assertIs(type(value), replacement)
            self.assertEqual((value.id, value.description), ("users", description))
        # The property would return the same if its slot had been filled behind its back.
        self.assertIn("Benutzer", descriptions)

    def test_a_table_of_types_that_does_not_fit_is_an_error(self):
        for table, parts in ((b"quaternion\n", []), (b"record name 0\n", [])):
            with self.assertRaises((ImportError, IndexError)):
                _reading.reader(
                    generated._UniffiLib, generated._UniffiRustBuffer, InternalError, table, parts
                )

    def test_a_large_response_with_repeated_values(self):
        converter = generated._UniffiFfiConverterTypeOAuthClientEntityListing
        clients = [self.types.value(generated._UniffiFfiConverterTypeOAuthClient._type) for _ in range(60)]
        listing = OAuthClientEntityListing(entities=clients * 5)
        self.assert_same(
            read_natively(converter, write(converter, listing)),
            read_in_python(converter, write(converter, listing)),
        )

    def test_a_truncated_buffer_is_an_error(self):
        for number, converter in CONVERTERS.items():
            value = self.types.value(number)
            whole = converter.lower(value)
            for cut in sorted({0, whole.len // 2, *range(min(whole.len, 40)), whole.len - 1}):
                for read in (read_natively, read_in_python):
                    self.assertIsInstance(
                        read_or_error(read, converter, write(converter, value, cut)), InternalError, converter
                    )
            read_in_python(converter, whole)

    def test_a_corrupt_buffer_is_an_error_or_the_same_value_for_both_readers(self):
        generator = random.Random(1)
        for number, converter in CONVERTERS.items():
            if self.types.contains_objects(number):
                continue
            for _ in range(60):
                value = self.types.value(number)
                length = len(lowered_bytes(converter, value))
                changes = [(generator.randrange(length), generator.randrange(256)) for _ in range(2)]
                native, reference = (
                    read_or_error(read, converter, write(converter, value, changes=changes))
                    for read in (read_natively, read_in_python)
                )
                if isinstance(reference, Exception) and not isinstance(reference, generated.OAuthError):
                    self.assertIsInstance(native, Exception, (converter, reference))
                else:
                    self.assert_same(native, reference)

    def test_timestamps_outside_the_calendar_are_an_error(self):
        converter = generated._UniffiFfiConverterTimestamp
        for seconds in (-62_135_596_801, 253_402_300_800, -(2**63), 2**63 - 1):
            for read in (read_natively, read_in_python):
                buffer = write(converter, datetime.now(timezone.utc))
                with self.assertRaises(OverflowError):
                    read(converter, overwrite_start(buffer, seconds.to_bytes(8, "big", signed=True)))

    def test_timestamps_are_read_as_written(self):
        converter = generated._UniffiFfiConverterTimestamp
        for _ in range(200):
            timestamp = self.types._timestamp()
            for read in (read_natively, read_in_python):
                self.assertEqual(read(converter, write(converter, timestamp)), timestamp)

    def test_reading_leaks_no_memory(self):
        converter = generated._UniffiFfiConverterTypeOAuthClientEntityListing
        value = self.types.value(converter._type)
        while not value.entities:
            value = self.types.value(converter._type)
        length = len(lowered_bytes(converter, value))

        def read(times):
            for _ in range(times):
                for cut in (None, length // 2, length - 1):
                    read_or_error(read_natively, converter, write(converter, value, cut))
            gc.collect()
            return sys.getallocatedblocks()

        before = read(50)
        self.assertLess(read(500) - before, 250)

    def test_a_large_response_leaves_the_garbage_collector_unchanged(self):
        converter = generated._UniffiFfiConverterTypeOAuthClientEntityListing
        client = self.types.value(generated._UniffiFfiConverterTypeOAuthClient._type)
        many = OAuthClientEntityListing(entities=[client] * 2_000)
        self.addCleanup(gc.enable)
        for switch, is_on in ((gc.disable, False), (gc.enable, True)):
            switch()
            for cut in (None, 100_000):
                read_or_error(read_natively, converter, write(converter, many, cut))
                self.assertEqual(gc.isenabled(), is_on)

    def assert_same(self, one, other):
        self.assertIs(type(one), type(other))
        if is_dataclass(one):
            for field in fields(one):
                self.assert_same(getattr(one, field.name), getattr(other, field.name))
        elif isinstance(one, list):
            self.assertEqual(len(one), len(other))
            for pair in zip(one, other):
                self.assert_same(*pair)
        elif isinstance(one, dict):
            self.assertEqual(list(one), list(other))
            self.assert_same(list(one.values()), list(other.values()))
        elif isinstance(one, InternalError):
            pass  # The messages of the two readers differ.
        elif isinstance(one, generated.OAuthError):
            self.assert_same(one.failure, other.failure)
        elif isinstance(one, (Host, Credentials)):
            self.assertEqual(repr(one), repr(other))
        else:
            self.assertEqual(one, other)


def lowered_bytes(converter, value):
    buffer = converter.lower(value)
    try:
        return bytes(buffer.data[: buffer.len])
    finally:
        buffer.free()


def overwrite_start(buffer, start):
    for place, byte in enumerate(start):
        buffer.data[place] = byte
    return buffer
