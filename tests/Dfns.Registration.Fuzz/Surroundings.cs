using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Fuzz;

/// <summary>
/// The fixed ceremonies that inputs are put into: one relying party, one challenge, one published key as passkey and as raw key. The same
/// in every run, so an input that was kept means the same later.
/// </summary>
internal static class Surroundings
{
    public const string Challenge = "Vb3mPQ1nY0ZfJ5sT8hXk2wLr7uCgE9aDqOiB4yNxM6I";
    public const string UserId = "us-6b58p-r53sr-rlrd3l5cj3uc4ome";
    private const string RpId = "example.co";
    private const string Origin = "https://app.example.co";

    private static readonly byte[] Id = SHA256.HashData("the one credential"u8);

    /// <summary>All algorithms offered, every format verified.</summary>
    public static RegistrationExpectation Registration { get; } = new()
    {
        Challenge = Challenge,
        RelyingPartyId = RpId,
        Origins = [Origin],
        RequireUserVerification = true,
        Algorithms = [-7, -35, -36, -47, -8, -257, -258, -259, -37, -38, -39],
        AllowSafetyNet = true,
        Now = new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero),
    };

    /// <summary>The same relying party's expectation of an assertion.</summary>
    public static AssertionExpectation Assertion { get; } = new()
    {
        Challenge = Challenge,
        RelyingPartyId = RpId,
        Origins = [Origin],
        RequireUserVerification = true,
        UserId = UserId,
    };

    /// <summary>The key of every credential here.</summary>
    public static SoftwareKey Key { get; } = SoftwareKey.PublishedP256();

    /// <summary>A passkey of format none.</summary>
    public static MadeCredential Passkey { get; } = Make(AttestationMaker.None);

    /// <summary>A raw key.</summary>
    public static MadeCredential RawKey { get; } = MakeKey();

    /// <summary>The client data of <see cref="Passkey"/>.</summary>
    public static byte[] ClientData { get; } = Base64Url.DecodeFromChars(Passkey.ClientData);

    /// <summary>The same members with a hash of its own.</summary>
    public static byte[] OtherClientData { get; } = [.. ClientData, (byte)' '];

    /// <summary>The authenticator data of <see cref="Passkey"/>.</summary>
    public static byte[] AuthenticatorData { get; } = AuthenticatorDataOf();

    /// <summary>What is stored of the passkey.</summary>
    public static StoredCredential StoredPasskey { get; } = Store(Passkey);

    /// <summary>What is stored of the raw key.</summary>
    public static StoredCredential StoredKey { get; } = Store(RawKey);

    /// <summary>Registers the passkey with a statement of some format.</summary>
    public static MadeCredential Make(AttestationMaker attestation, Action<RegistrationDraft>? change = null) =>
        new SoftwareAuthenticator { CredentialKey = Key, Attestation = attestation }.Create(Challenge, RpId, Origin, draft =>
        {
            draft.CredentialId = Id;
            change?.Invoke(draft);
        });

    /// <summary>Registers the raw key.</summary>
    public static MadeCredential MakeKey(Action<KeyDraft>? change = null) => Key.Create(Challenge, change: draft =>
    {
        draft.CredentialId = Id;
        change?.Invoke(draft);
    });

    /// <summary>An assertion with the passkey.</summary>
    public static MadeAssertion Get(Action<AssertionDraft>? change = null) =>
        new SoftwareAuthenticator { CredentialKey = Key }.Get(Challenge, RpId, Origin, Passkey.CredId, UserId, change);

    /// <summary>A statement about the passkey.</summary>
    public static byte[] Statement(AttestationMaker attestation)
    {
        byte[] statement = [];
        Make(attestation, draft => draft.AttestationObject = map => statement = map.Entries.Single(entry => entry.Key.AsSpan().SequenceEqual(Cbor.Text("attStmt"))).Value);
        return statement;
    }

    /// <summary>The passkey's attestation object with any statement in it.</summary>
    public static byte[] AttestationObject(string format, byte[] statement) => new CborMapDraft()
        .Set("fmt", Cbor.Text(format)).Set("attStmt", statement).Set("authData", Cbor.Bytes(AuthenticatorData)).ToBytes();

    /// <summary>Several parts in one input: before each but the last, its length in two bytes.</summary>
    public static byte[] Join(params byte[][] parts)
    {
        var joined = new List<byte>();
        foreach (var part in parts[..^1])
        {
            var length = new byte[sizeof(ushort)];
            BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)part.Length);
            joined.AddRange(length);
            joined.AddRange(part);
        }

        return [.. joined, .. parts[^1]];
    }

    /// <summary>The parts of an input; a length beyond the end stands for all that is left.</summary>
    public static byte[][] Split(byte[] input, int count)
    {
        var parts = new byte[count][];
        var rest = input.AsSpan();
        for (var index = 0; index < count - 1; index++)
        {
            var length = rest.Length < sizeof(ushort) ? 0 : BinaryPrimitives.ReadUInt16BigEndian(rest);
            rest = rest.Length < sizeof(ushort) ? [] : rest[sizeof(ushort)..];
            parts[index] = rest[..Math.Min(length, rest.Length)].ToArray();
            rest = rest[parts[index].Length..];
        }

        parts[^1] = rest.ToArray();
        return parts;
    }

    private static byte[] AuthenticatorDataOf()
    {
        byte[] data = [];
        Make(AttestationMaker.None, draft => draft.AuthenticatorData = bytes => data = bytes);
        return data;
    }

    private static StoredCredential Store(MadeCredential made)
    {
        if (CredentialVerifiers.Verify(made.ToVerify(), Registration).Refused(out var why, out var verified)) throw new InvalidOperationException($"{why}");
        return new StoredCredential
        {
            Kind = verified.Kind,
            CredentialId = verified.CredentialId,
            UserId = UserId,
            SubjectPublicKeyInfo = verified.SubjectPublicKeyInfo,
            Algorithm = verified.WebAuthn?.Algorithm,
            HashAlgorithm = verified.HashAlgorithm,
        };
    }
}
