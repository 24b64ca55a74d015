using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Toolformer.Tools.Translating.FastText;

/// <summary>
/// Reads the numbers of a fastText file, which is hostile until checked: no more is asked for than the file holds.
/// </summary>
internal sealed class FastTextFile : IDisposable
{
    private readonly BufferedStream _stream;
    private readonly string _path;
    private readonly long _length;
    private long _position;

    public FastTextFile(string path)
    {
        _path = path;
        var file = File.OpenRead(path);
        _length = file.Length;
        _stream = new BufferedStream(file, 1 << 16);
    }

    private long Remaining => _length - _position;

    /// <summary>A number that must lie within bounds.</summary>
    public int Integer(string what, int min, int max)
    {
        int value = BinaryPrimitives.ReadInt32LittleEndian(Bytes(stackalloc byte[4]));
        return value >= min && value <= max ? value : throw OutOfBounds(what, value, min, max);
    }

    /// <summary>A number that must lie within bounds.</summary>
    public long Long(string what, long min, long max)
    {
        long value = BinaryPrimitives.ReadInt64LittleEndian(Bytes(stackalloc byte[8]));
        return value >= min && value <= max ? value : throw OutOfBounds(what, value, min, max);
    }

    public bool Flag(string what)
    {
        byte value = Byte();
        return value <= 1 ? value == 1 : throw OutOfBounds(what, value, 0, 1);
    }

    public void Skip(int bytes) => Bytes(new byte[bytes]);

    /// <summary>Bytes up to a zero, each as the character of the same number.</summary>
    public string Name(int maxLength)
    {
        var name = new StringBuilder();
        for (; ; )
        {
            byte value = Byte();
            if (value == 0)
                return name.ToString();
            if (name.Length == maxLength)
                throw Bad($"A name is longer than {maxLength:N0} bytes");
            name.Append((char)value);
        }
    }

    /// <summary>As many bytes as there are for certain.</summary>
    public byte[] Codes(string what, long count) => Array<byte>(what, count, 1);

    public float[] Floats(string what, long count) => Array<float>(what, count, sizeof(float));

    /// <summary>How many things of so many bytes at least the rest of the file can hold.</summary>
    public int Room(int bytes) => (int)Math.Min(Remaining / bytes, int.MaxValue);

    public InvalidDataException Bad(string what) => new($"{what}.\n  in {_path}, byte {_position:N0} of {_length:N0}\n"
        + "  It is no fastText classifier (.bin or .ftz), or is damaged: fetch it again.");

    public void Dispose() => _stream.Dispose();

    private T[] Array<T>(string what, long count, int size) where T : unmanaged
    {
        if (count < 0 || count > Remaining / size || count > System.Array.MaxLength)
            throw Bad($"{what} would need {count:N0} × {size} bytes, {Remaining:N0} are left");
        var values = new T[count];
        Bytes(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    private byte Byte() => Bytes(stackalloc byte[1])[0];

    private Span<byte> Bytes(Span<byte> buffer)
    {
        if (buffer.Length > Remaining)
            throw Bad("The file is cut off");
        _stream.ReadExactly(buffer);
        _position += buffer.Length;
        return buffer;
    }

    private InvalidDataException OutOfBounds(string what, long value, long min, long max) =>
        Bad($"{what} is {value:N0}, which does not lie between {min:N0} and {max:N0}");
}
