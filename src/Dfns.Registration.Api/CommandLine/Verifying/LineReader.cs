namespace Dfns.Registration.Api.CommandLine.Verifying;

/// <summary>A line of a file, without its line break.</summary>
/// <param name="Bytes">The bytes, whatever they are; empty when the line is too long.</param>
/// <param name="TooLong">Whether it is longer than <see cref="LineReader.MaxLineSizeBytes"/>.</param>
internal sealed record InputLine(ReadOnlyMemory<byte> Bytes, bool TooLong);

/// <summary>Reads lines of bytes, which need be no text, without holding more than one of them.</summary>
internal sealed class LineReader(Stream stream, bool wholeText = false) : IDisposable
{
    public const int MaxLineSizeBytes = 16 * 1024 * 1024;

    private static readonly byte[] ByteOrderMark = [0xEF, 0xBB, 0xBF];

    private readonly byte[] buffer = new byte[64 * 1024];
    private readonly MemoryStream line = new();
    private int start;
    private int end;
    private bool isFirst = true;

    /// <summary>The next line; null after the last. A line break at the very end begins no further line.</summary>
    public InputLine? Next()
    {
        var any = false;
        var tooLong = false;
        line.SetLength(0);
        while (start < end || Fill())
        {
            any = true;
            var lineBreak = wholeText ? -1 : buffer.AsSpan(start, end - start).IndexOf((byte)'\n');
            var length = lineBreak < 0 ? end - start : lineBreak;
            tooLong |= line.Length + length > MaxLineSizeBytes;
            if (!tooLong) line.Write(buffer, start, length);
            start += lineBreak < 0 ? length : length + 1;
            if (lineBreak >= 0) break;
        }

        if (!any) return null;
        var bytes = tooLong ? ReadOnlyMemory<byte>.Empty : line.ToArray();
        // A byte order mark is what editors begin a file with.
        if (isFirst && bytes.Span.StartsWith(ByteOrderMark)) bytes = bytes[ByteOrderMark.Length..];
        isFirst = false;
        return new InputLine(bytes, tooLong);
    }

    public void Dispose() => line.Dispose();

    private bool Fill()
    {
        start = 0;
        end = stream.Read(buffer);
        return end > 0;
    }
}
