using System.Buffers.Binary;
using System.Text.Json;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;
using Dfns.Registration.Verification.WebAuthn;

namespace Dfns.Registration.Fuzz;

/// <summary>The structures of a WebAuthn response.</summary>
internal static class WebAuthnTargets
{
    private static readonly byte[] Extensions =
        new CborMapDraft().Set("x", Cbor.Null).Set("credProtect", Cbor.Number(2)).Set("hmac-secret", Cbor.True).Set("minPinLength", Cbor.Number(4)).ToBytes();

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("client-data", ReadClientData, () => [Surroundings.ClientData, WithTopOrigin()]),
        new("authenticator-data", ReadAuthenticatorData, () => [Surroundings.AuthenticatorData, WithExtensions(), [.. new byte[32], 0x05, 0, 0, 0, 1], [.. new byte[32], 0x85, 0, 0, 0, 1, .. Extensions]]),
        new("attestation-object", ReadAttestationObject, () =>
        [
            Surroundings.AttestationObject("none", [0xA0]),
            Surroundings.AttestationObject("packed", Surroundings.Statement(AttestationMaker.PackedSelf)),
            Surroundings.AttestationObject("compound", Surroundings.Statement(AttestationMaker.Compound(AttestationMaker.PackedSelf, AttestationMaker.None))),
        ]),
    ];

    private static void ReadClientData(byte[] input)
    {
        if (Invariant.Answers(input.Length, () => CollectedClientData.Read(input)).Refused(out _, out var clientData)) return;

        using var document = JsonDocument.Parse(input.AsMemory(input is [0xEF, 0xBB, 0xBF, ..] ? 3 : 0));
        var json = document.RootElement;
        Invariant.Holds(json.GetProperty("type").GetString() == clientData.Type, "type");
        Invariant.Holds(json.GetProperty("challenge").GetString() == clientData.Challenge, "challenge");
        Invariant.Holds(json.GetProperty("origin").GetString() == clientData.Origin, "origin");
        Invariant.Holds(clientData.CrossOrigin == (json.TryGetProperty("crossOrigin", out var crossOrigin) && crossOrigin.GetBoolean()), "crossOrigin");
        Invariant.Holds(clientData.TopOrigin == (json.TryGetProperty("topOrigin", out var topOrigin) ? topOrigin.GetString() : null), "topOrigin");
    }

    private static void ReadAuthenticatorData(byte[] input)
    {
        if (Invariant.Answers(input.Length, () => AuthenticatorData.Read(input)).Refused(out _, out var data)) return;

        var counter = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(counter, data.SignCount);
        byte[] written = [.. data.RpIdHash.Span, (byte)data.Flags, .. counter, .. Attested(data.AttestedCredential)];
        Invariant.Holds(input.AsSpan().StartsWith(written), "encodes again to the input");
        Invariant.Holds(data.Flags.HasFlag(AuthenticatorFlags.ExtensionData) == written.Length < input.Length, "ends where its flags say");
        Invariant.Holds(data.Flags.HasFlag(AuthenticatorFlags.AttestedCredentialData) == data.AttestedCredential is not null, "attests what its flags say");
        Invariant.Holds(data.Flags.HasFlag(AuthenticatorFlags.ExtensionData) || data.Extensions == AuthenticatorExtensions.None, "has the extensions its flags say");
        Invariant.Holds(Invariant.IsSlice(data.RpIdHash, input) && Invariant.IsSlice(data.Bytes, input), "keeps slices");
        Invariant.HasOneLength(input, AuthenticatorData.Read);
    }

    private static byte[] Attested(AttestedCredentialData? attested)
    {
        if (attested is null) return [];
        var length = new byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)attested.CredentialId.Length);
        return [.. attested.Aaguid.ToByteArray(bigEndian: true), .. length, .. attested.CredentialId.Span, .. attested.PublicKey.Span];
    }

    private static void ReadAttestationObject(byte[] input)
    {
        if (Invariant.Answers(input.Length, () => AttestationObject.Read(input)).Refused(out _, out var read)) return;
        Invariant.Holds(Invariant.IsSlice(read.AuthenticatorData.Bytes, input), "keeps authenticator data as it came");
        Invariant.HasOneLength(input, AttestationObject.Read);
    }

    private static byte[] WithTopOrigin()
    {
        byte[] clientData = [];
        Surroundings.Make(AttestationMaker.None, draft =>
        {
            draft.ClientData.Set("crossOrigin", true).Set("topOrigin", "https://top.example.co").SetRaw("tokenBinding", "{\"status\":\"supported\"}");
            draft.ClientData.Encoded = text => clientData = System.Text.Encoding.UTF8.GetBytes(text);
        });
        return clientData;
    }

    private static byte[] WithExtensions()
    {
        byte[] data = [];
        Surroundings.Make(AttestationMaker.None, draft =>
        {
            (draft.Flags, draft.Extensions) = (0xC5, Extensions);
            draft.AuthenticatorData = bytes => data = bytes;
        });
        return data;
    }
}
