using System.Buffers.Binary;

namespace Dfns.Registration.Verification.WebAuthn.Attestation;

/// <summary>
/// Reads the structures of TPM 2.0 (Trusted Platform Module Library, Part 2): big-endian numbers, and sized buffers with two bytes of
/// length. A read beyond the end gives zeros and is remembered, so whoever reads asks <see cref="IsExhausted"/> once, at the end of the
/// structure, and before believing any of it.
/// </summary>
/// <param name="bytes">One structure and nothing else.</param>
internal ref struct TpmReader(ReadOnlyMemory<byte> bytes)
{
    private ReadOnlyMemory<byte> rest = bytes;

    /// <summary>Whether a read went beyond the end.</summary>
    public bool RanOut { get; private set; }

    /// <summary>Whether everything was there, and nothing is left over.</summary>
    public readonly bool IsExhausted => !RanOut && rest.IsEmpty;

    /// <summary>Some bytes; empty when there are not as many.</summary>
    public ReadOnlyMemory<byte> Bytes(int count)
    {
        if (count > rest.Length)
        {
            RanOut = true;
            rest = ReadOnlyMemory<byte>.Empty;
            return rest;
        }

        var read = rest[..count];
        rest = rest[count..];
        return read;
    }

    /// <summary>A UINT16: among others the TPM_ALG_ID and TPM_ST values.</summary>
    public ushort UInt16() => Bytes(sizeof(ushort)) is { IsEmpty: false } read ? BinaryPrimitives.ReadUInt16BigEndian(read.Span) : default;

    /// <summary>A UINT32.</summary>
    public uint UInt32() => Bytes(sizeof(uint)) is { IsEmpty: false } read ? BinaryPrimitives.ReadUInt32BigEndian(read.Span) : default;

    /// <summary>A TPM2B: a UINT16 of length, and that many bytes.</summary>
    public ReadOnlyMemory<byte> Sized() => Bytes(UInt16());
}
