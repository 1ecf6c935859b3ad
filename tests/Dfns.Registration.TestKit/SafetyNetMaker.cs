using System.Buffers.Text;
using System.Security.Cryptography;

namespace Dfns.Registration.TestKit;

/// <summary>A response of SafetyNet in the making: a JSON web signature.</summary>
public sealed class SafetyNetDraft
{
    internal SafetyNetDraft(byte[] signedBytes)
    {
        Payload.Set("nonce", Convert.ToBase64String(SHA256.HashData(signedBytes))).Set("timestampMs", 1_700_000_000_000)
            .Set("apkPackageName", "com.google.android.gms").SetRaw("apkCertificateDigestSha256", "[\"AA==\"]")
            .Set("ctsProfileMatch", true).Set("basicIntegrity", true);
    }

    /// <summary>The header: <c>alg</c>, <c>x5c</c>.</summary>
    public JsonDraft Header { get; } = new JsonDraft().Set("alg", "RS256");

    /// <summary>The payload.</summary>
    public JsonDraft Payload { get; } = new();

    /// <summary>The whole, once it is signed.</summary>
    public Func<string, string> Compact { get; set; } = text => text;
}

public abstract partial class AttestationMaker
{
    /// <summary>Format <c>android-safetynet</c>: a response of the service.</summary>
    /// <param name="describe">Changes header and payload before they are signed.</param>
    /// <param name="change">Changes the leaf certificate before it is signed.</param>
    /// <param name="serviceKey">A key of another type, perhaps; it signs as it can.</param>
    public static AttestationMaker SafetyNet(
        Action<SafetyNetDraft>? describe = null, Action<CertificateDraft>? change = null, SoftwareKey? serviceKey = null) =>
        new SafetyNetMaker(describe ?? (_ => { }), change ?? (_ => { }), serviceKey);

    private sealed class SafetyNetMaker(Action<SafetyNetDraft> describe, Action<CertificateDraft> change, SoftwareKey? serviceKey) : AttestationMaker
    {
        public override string Format => "android-safetynet";

        public override CborMapDraft MakeStatement(RegistrationDraft draft, byte[] signedBytes)
        {
            var key = serviceKey ?? SoftwareKey.Rsa();
            var leaf = CertificateDraft.ForHost(key, "attest.android.com");
            change(leaf);

            var response = new SafetyNetDraft(signedBytes);
            response.Header.Set("x5c", draft.Certify(leaf).Select(Convert.ToBase64String));
            describe(response);
            var toBeSigned = Base64Url.EncodeToString(response.Header.ToBytes()) + "." + Base64Url.EncodeToString(response.Payload.ToBytes());
            var signature = draft.Signature(key.Sign(System.Text.Encoding.ASCII.GetBytes(toBeSigned), HashAlgorithmName.SHA256));
            return new CborMapDraft()
                .Set("ver", Cbor.Text("14799021"))
                .Set("response", Cbor.Bytes(System.Text.Encoding.UTF8.GetBytes(response.Compact(toBeSigned + "." + Base64Url.EncodeToString(signature)))));
        }
    }
}
