using System.Buffers.Binary;

namespace Toolformer.Torch.Tokenizers;

/// <summary>
/// Reads the fields of one protocol-buffer message, in order. Nothing that the bytes say leads outside of them.
/// </summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _rest = message;

    /// <summary>The number of the field read last.</summary>
    public int Field { get; private set; }

    /// <summary>The field's value where it is a number: a varint, or four or eight bytes as they stand.</summary>
    public ulong Number { get; private set; }

    /// <summary>The field's bytes where it is a string, bytes or a message; else none.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>The field as a 32-bit floating-point number.</summary>
    public readonly float Float => BitConverter.UInt32BitsToSingle((uint)Number);

    /// <summary>Goes to the next field; false at the end.</summary>
    /// <exception cref="FormatException">The bytes are no message.</exception>
    public bool Read()
    {
        if (_rest.IsEmpty)
            return false;
        ulong key = Varint();
        Field = key >> 3 is > 0 and < 1 << 29 and var field ? (int)field : throw Bad($"field number {key >> 3}");
        Bytes = default;
        switch (key & 7)
        {
            case 0:
                Number = Varint();
                break;
            case 1:
                Number = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
                break;
            case 2:
                Bytes = Take(Varint());
                break;
            case 5:
                Number = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
                break;
            default:
                throw Bad($"wire type {key & 7} in field {Field}");
        }
        return true;
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte b = Take(1)[0];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
                return value;
        }
        throw Bad("a number of more than 64 bits");
    }

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)_rest.Length)
            throw Bad($"{length} bytes where {_rest.Length} are left");
        ReadOnlySpan<byte> taken = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return taken;
    }

    private static FormatException Bad(string what) => new($"This is no protocol-buffer message: there is {what}.");
}
