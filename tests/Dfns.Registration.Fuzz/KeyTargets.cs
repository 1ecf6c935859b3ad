using Dfns.Registration.TestKit;
using Dfns.Registration.Verification.Cose;
using Dfns.Registration.Verification.Encoding;
using Dfns.Registration.Verification.Keys;
using Dfns.Registration.Verification.RawKey;

namespace Dfns.Registration.Fuzz;

/// <summary>The encodings that public keys arrive in.</summary>
internal static class KeyTargets
{
    private static readonly string[] Names = ["P-256", "P-384", "P-521", "secp256k1", "Ed25519", "RSA-2048"];
    private static readonly int[] Algorithms = [-7, -35, -36, -47, -8, -257, -37];

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("cose-key", ReadCoseKey, () => Algorithms.Select(algorithm => SoftwareKey.ForAlgorithm(algorithm).CoseKey(algorithm).ToBytes())),
        new("spki", ReadSubjectPublicKeyInfo, () => [.. Names.Select(name => SoftwareKey.Named(name).SubjectPublicKeyInfo), SoftwareKey.BrainpoolP256().SubjectPublicKeyInfo]),
        // The same numbers without the algorithm before them: in SubjectPublicKeyInfo they begin after 24 bytes.
        new("rsa-public-key", ReadRsaPublicKey, () => [SoftwareKey.Rsa().SubjectPublicKeyInfo[24..], [0x30, 6, 2, 1, 5, 2, 1, 3]]),
        new("pem", ReadPem, () => Names.Select(name => System.Text.Encoding.ASCII.GetBytes(SoftwareKey.Named(name).Pem))),
    ];

    private static void ReadCoseKey(byte[] input)
    {
        if (CborMap.Read(input, "test").Refused(out _, out var map)) return;
        if (Invariant.Answers(input.Length, () => CoseKey.Read(map)).Refused(out _, out var read)) return;

        var key = read.Key;
        Invariant.Holds(read.Algorithm.Fits(key), "fits its algorithm");
        Invariant.Holds(map.Count <= 5, "has no further members");
        IsReadAgain(key);
    }

    private static void ReadSubjectPublicKeyInfo(byte[] input)
    {
        if (Invariant.Answers(input.Length, () => SubjectPublicKeyInfo.Read(input)).Refused(out _, out var read)) return;
        var key = read;
        Invariant.Holds(key.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(input), "encodes again to the input");
        Invariant.HasOneLength(input, SubjectPublicKeyInfo.Read);
    }

    private static void ReadRsaPublicKey(byte[] input)
    {
        if (Invariant.Answers(input.Length, () => SubjectPublicKeyInfo.ReadRsaPublicKey(input)).Refused(out _, out var read)) return;
        var key = read;
        Invariant.Holds(key.ExportSubjectPublicKeyInfo().AsSpan().EndsWith(input), "encodes again to the input");
        IsReadAgain(key);
        Invariant.HasOneLength(input, SubjectPublicKeyInfo.ReadRsaPublicKey);
    }

    private static void ReadPem(byte[] input)
    {
        var text = System.Text.Encoding.Latin1.GetString(input);
        if (Invariant.Answers(input.Length, () => PublicKeyPem.Read(text)).Refused(out _, out var read)) return;
        var key = read;
        Invariant.Holds(text.All(character => character is >= ' ' and <= '~' or '\r' or '\n'), "is ASCII");
        // The fingerprint that a raw key signs escapes nothing but line breaks.
        Invariant.Holds(!text.Contains('"', StringComparison.Ordinal) && !text.Contains('\\', StringComparison.Ordinal), "needs no escape in JSON but line breaks");
        if (!text.Contains("RSA PUBLIC KEY", StringComparison.Ordinal))
            Invariant.Holds(
                Body(text).StartsWith(Convert.ToBase64String(key.ExportSubjectPublicKeyInfo())[..^4], StringComparison.Ordinal), "encodes again to the body");
        IsReadAgain(key);
    }

    private static string Body(string pem) =>
        pem.Replace("-----BEGIN PUBLIC KEY-----", "", StringComparison.Ordinal).Replace("\r", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal);

    /// <summary>Fails unless a key comes out of its own encoding as it went in: that is how it is stored.</summary>
    public static void IsReadAgain(PublicKey key)
    {
        var exported = key.ExportSubjectPublicKeyInfo();
        Invariant.Holds(!SubjectPublicKeyInfo.Read(exported).Refused(out _, out var again), "is read again from storage");
        Invariant.Holds(again!.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(exported), "has one encoding");
    }
}
