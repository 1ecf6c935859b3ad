using Dfns.Registration.Verification.Encoding;

namespace Dfns.Registration.Verification;

/// <summary>
/// The authenticator extension outputs of a registration (WebAuthn L3 §7.1 step 28, §9; FIDO CTAP 2.2 §12), signed along with everything
/// else. None is asked for and no verdict depends on any, so an output of another type than its definition gives it is listed among
/// <see cref="Others"/> and goes no further.
/// </summary>
public sealed record AuthenticatorExtensions
{
    internal static readonly AuthenticatorExtensions None = new();

    private const string CredProtectName = "credProtect";
    private const string MinPinLengthName = "minPinLength";
    private const string HmacSecretName = "hmac-secret";
    private const string HmacSecretMcName = "hmac-secret-mc";

    /// <summary>
    /// <c>credProtect</c>: 1, user verification optional; 2, optional where the credential id is known; 3, required. Null without it.
    /// </summary>
    public int? CredProtect { get; init; }

    /// <summary><c>minPinLength</c>: the shortest PIN the authenticator takes, in characters; null without it.</summary>
    public int? MinPinLength { get; init; }

    /// <summary><c>hmac-secret</c>, by which browsers serve <c>prf</c>: whether the credential can evaluate it; null without it.</summary>
    public bool? HmacSecret { get; init; }

    /// <summary>Whether <c>hmac-secret-mc</c> came along: an evaluation at creation, encrypted for the client and not kept.</summary>
    public bool HmacSecretAtCreation { get; init; }

    /// <summary>The identifiers of all other outputs, in the order of the authenticator.</summary>
    public IReadOnlyList<string> Others { get; init; } = [];

    /// <summary>Reads the map of outputs (WebAuthn L3 §5.7.4): text identifiers with values of any type.</summary>
    /// <param name="outputs">The map, already held to CTAP2 canonical form.</param>
    /// <returns>The outputs, or <see cref="RefusalReason.CborItemNotAllowed"/>.</returns>
    internal static Outcome<AuthenticatorExtensions> Read(CborMap outputs)
    {
        var extensions = None;
        var others = new List<string>();
        foreach (var key in outputs.Keys)
        {
            if (key is not string name) return new Refusal(RefusalReason.CborItemNotAllowed, "an extension identifier that is no text");
            switch (name, outputs[name])
            {
                case (CredProtectName, long and >= 1 and <= 3 and var policy):
                    extensions = extensions with { CredProtect = (int)policy };
                    break;
                case (MinPinLengthName, long and >= 0 and <= int.MaxValue and var length):
                    extensions = extensions with { MinPinLength = (int)length };
                    break;
                case (HmacSecretName, CborSimple and not CborSimple.Null and var supported):
                    extensions = extensions with { HmacSecret = supported is CborSimple.True };
                    break;
                case (HmacSecretMcName, ReadOnlyMemory<byte>):
                    extensions = extensions with { HmacSecretAtCreation = true };
                    break;
                default:
                    others.Add(name);
                    break;
            }
        }

        return extensions with { Others = others };
    }
}
