"""Products of weights and samples, in one order of summation on every machine.

A row of weights and a sample are numbers of one type that fill *chunks* of 64 bytes: 16 numbers
in float32, 8 in float64, zeros where there are fewer. Chunk by chunk, products are added up in a
vector: its lane l takes those of the numbers l of all chunks, one after the other, each by a fused
multiply-add, which rounds once. It begins at 0. Then lanes are folded in halves, the first half
plus the second, until one number is left, and 0 is added to it, so that it is no -0::

    lanes = zeros(n_lanes)
    for w, v in zip(row.reshape(-1, n_lanes), sample.reshape(-1, n_lanes)):
        lanes = fma(w, v, lanes)  # w * v + lanes
    while len(lanes) > 1:
        lanes = lanes[: len(lanes) // 2] + lanes[len(lanes) // 2 :]
    product = lanes[0] + 0

Where subnormal numbers are left out (:func:`topodream.engines.jit.without_subnormals`), each that
goes into a line or comes out of it is 0. Chunks in which the sample is 0 can be left out as long
as the row's weights are finite: they change no lane, but for the sign of a 0, and the last line
takes that away.

So no bit depends on which rows and samples are multiplied together, or on the processor. A
vector of 64 bytes is one register of AVX-512, two of AVX2, four of ARM's. A processor
without fused multiply-adds (x86 before 2013) calls the C library for each, which gives the same
bits, and is slower than the reference engine.
"""

from typing import Any

from topodream.engines.jit import cgutils, has_wide_registers, instructions, ir, types

BYTES_PER_CHUNK = 64
# A tile's shape: registers hold a vector for each of its products, and what they are made of.
# There are 32 for vectors of 64 bytes, or, where these take several registers each, 8.
TILE_ROWS, TILE_SAMPLES = (5, 5) if has_wide_registers() else (3, 2)
# Rows of a tile of one sample. Fewer would wait for each other.
ROWS_OF_ONE = 8 if has_wide_registers() else 4

SIZE = ir.IntType(64)
BYTE_POINTER = ir.IntType(8).as_pointer()


@instructions
def is_lit(_typing: Any, samples: Any, sample: Any, chunk: Any) -> Any:
    """Return whether a chunk of a sample is not zero.

    For compiled code only, which adds the first parameter; nothing is checked.

    Parameters
    ----------
    samples : (n_samples, length) array
    sample, chunk : int
        Their numbers.
    """

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        array = context.make_array(samples)(context, builder, arguments[0])
        numbers = zip(arguments[1:], (sample, chunk), strict=True)
        n, k = (context.cast(builder, number, kind, types.int64) for number, kind in numbers)
        vectors = _Vectors(builder, array)
        return vectors.is_lit(builder.add(vectors.row(array, n), vectors.chunk(k)))

    return types.boolean(samples, sample, chunk), generate


@instructions
def multiply_tile(
    _typing: Any,
    n_rows: Any,
    n_samples: Any,
    weights: Any,
    units: Any,
    samples: Any,
    chunks: Any,
    n_chunks: Any,
    products: Any,
    soon: Any,
) -> Any:
    """Multiply some rows of weights by some samples, a tile whose sums stay in registers.

    The product of the row ``units[r]`` and the sample s becomes ``products[s, units[r]]``. For
    compiled code only, which adds the first parameter; nothing is checked.

    Parameters
    ----------
    n_rows, n_samples : int
        How many of them; constants where it is called.
    weights : (n_units, length) array
    units : (n_rows or more,) uint32
        The rows' numbers.
    samples : (n_samples or more, length) array
    chunks : (n_chunks or more,) uint32
        The numbers of chunks to add up, from the first to the last.
    n_chunks : int
    products : (n_samples or more, n_units) array
        Where products are written to.
    soon : int
        The number of a row that is soon to be multiplied. It is fetched from memory meanwhile.
    """
    kinds = n_rows, n_samples, weights, units, samples, chunks, n_chunks, products, soon
    arrays = weights, units, samples, chunks, products

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        _, _, *values, length, products, number = arguments
        parts = [
            context.make_array(kind)(context, builder, value)
            for kind, value in zip(arrays, [*values, products], strict=True)
        ]
        tile = _Tile(builder, (n_rows.literal_value, n_samples.literal_value), *parts)
        length = context.cast(builder, length, n_chunks, types.int64)
        number = context.cast(builder, number, soon, types.int64)
        tile.store(tile.folded(tile.lanes(length, number)))
        return context.get_dummy_value()

    return types.void(*kinds), generate


class _Vectors:
    """Instructions on chunks of an array, which a builder of LLVM's writes down."""

    def __init__(self, builder: Any, array: Any) -> None:
        self._builder = builder
        number = array.data.type.pointee
        self._bytes = 4 if number == ir.FloatType() else 8
        self._n_lanes = BYTES_PER_CHUNK // self._bytes
        self._vector = ir.VectorType(number, self._n_lanes)
        self._zero = ir.Constant(self._vector, [0.0] * self._n_lanes)

    def row(self, array: Any, number: Any) -> Any:
        """Return the address of a row."""
        b = self._builder
        stride = b.extract_value(array.strides, 0)
        return b.add(b.ptrtoint(array.data, SIZE), b.mul(stride, number))

    def chunk(self, number: Any) -> Any:
        """Return how far from its row's address a chunk is."""
        return self._builder.mul(number, SIZE(BYTES_PER_CHUNK))

    def load(self, address: Any) -> Any:
        """Return the chunk at an address."""
        b = self._builder
        return b.load(b.inttoptr(address, self._vector.as_pointer()), align=self._bytes)

    def is_lit(self, address: Any) -> Any:
        """Return whether the chunk at an address is not zero."""
        b, bits = self._builder, ir.IntType(self._n_lanes)
        lit = b.fcmp_unordered("!=", self.load(address), self._zero)
        return b.icmp_unsigned("!=", b.bitcast(lit, bits), bits(0))


class _Tile(_Vectors):
    """The instructions of a tile."""

    def __init__(
        self,
        builder: Any,
        shape: tuple[int, int],
        weights: Any,
        units: Any,
        samples: Any,
        chunks: Any,
        products: Any,
    ) -> None:
        super().__init__(builder, weights)
        self._n_rows, self._n_samples = shape
        self._weights, self._units, self._samples = weights, units, samples
        self._chunks, self._products = chunks, products

    def lanes(self, n_chunks: Any, soon: Any) -> list[Any]:
        """Add up chunks in a loop; return the lanes of each row with the first sample, and so on."""
        b = self._builder
        rows = [self.row(self._weights, self._unit(r)) for r in range(self._n_rows)]
        samples = [self.row(self._samples, SIZE(s)) for s in range(self._n_samples)]
        fetched = self.row(self._weights, soon)
        before, head = b.basic_block, b.append_basic_block("head")
        body, after = b.append_basic_block("body"), b.append_basic_block("after")
        b.branch(head)

        b.position_at_end(head)
        k = b.phi(SIZE)
        k.add_incoming(SIZE(0), before)
        sums = [b.phi(self._vector) for _ in range(self._n_rows * self._n_samples)]
        for lanes in sums:
            lanes.add_incoming(self._zero, before)
        b.cbranch(b.icmp_signed("<", k, n_chunks), body, after)

        b.position_at_end(body)
        number = b.load(b.gep(self._chunks.data, [k]))
        chunk = self.chunk(b.zext(number, SIZE))
        self._fetch(b.add(fetched, chunk))
        w, v = ([self.load(b.add(row, chunk)) for row in some] for some in (rows, samples))
        for place, lanes in enumerate(sums):
            s, r = divmod(place, self._n_rows)
            lanes.add_incoming(self._fma(w[r], v[s], lanes), body)
        k.add_incoming(b.add(k, SIZE(1)), body)
        b.branch(head)

        b.position_at_end(after)
        return sums

    def folded(self, sums: list[Any]) -> list[Any]:
        """Fold the lanes of each sum in halves, and add 0; return the numbers, in the same order.

        Two vectors become one, of half as many lanes for each sum: additions are shared.
        """
        b, n_lanes, width, n_sums = self._builder, self._n_lanes, self._n_lanes, len(sums)
        nothing = ir.Constant(self._vector, ir.Undefined)
        while width > 1:
            width //= 2
            # The lanes of both vectors, numbered through, that are in the first half of a sum.
            first = [lane for lane in range(2 * n_lanes) if lane // width % 2 == 0]
            second = [lane + width for lane in first]
            pairs = zip(sums[::2], [*sums[1::2], nothing], strict=False)
            sums = [
                b.fadd(*(self._picked(*pair, half) for half in (first, second))) for pair in pairs
            ]
        sums = [b.fadd(vector, self._zero) for vector in sums]
        lane = ir.IntType(32)
        return [b.extract_element(sums[i // n_lanes], lane(i % n_lanes)) for i in range(n_sums)]

    def store(self, numbers: list[Any]) -> None:
        """Write the products to their places."""
        b, pointer = self._builder, self._vector.element.as_pointer()
        for r in range(self._n_rows):
            place = b.mul(self._unit(r), SIZE(self._bytes))
            for s in range(self._n_samples):
                address = b.add(self.row(self._products, SIZE(s)), place)
                b.store(numbers[s * self._n_rows + r], b.inttoptr(address, pointer))

    def _unit(self, r: int) -> Any:
        b = self._builder
        return b.zext(b.load(b.gep(self._units.data, [SIZE(r)])), SIZE)

    def _fetch(self, address: Any) -> None:
        b, flag = self._builder, ir.IntType(32)
        to_read, into_all_caches, data = flag(0), flag(3), flag(1)
        kinds = [BYTE_POINTER, flag, flag, flag]
        arguments = [b.inttoptr(address, BYTE_POINTER), to_read, into_all_caches, data]
        self._call("llvm.prefetch.p0i8", ir.VoidType(), kinds, arguments)

    def _fma(self, w: Any, v: Any, sums: Any) -> Any:
        name = f"llvm.fma.v{self._n_lanes}f{8 * self._bytes}"
        return self._call(name, self._vector, [self._vector] * 3, [w, v, sums])

    def _call(self, name: str, result: Any, kinds: list[Any], arguments: list[Any]) -> Any:
        b, kind = self._builder, ir.FunctionType(result, kinds)
        function = cgutils.get_or_insert_function(b.module, kind, name)  # type: ignore[no-untyped-call]
        return b.call(function, arguments)

    def _picked(self, one: Any, other: Any, lanes: list[int]) -> Any:
        mask = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), lanes)
        return self._builder.shuffle_vector(one, other, mask)
