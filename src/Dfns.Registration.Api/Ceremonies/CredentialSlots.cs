using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Api.Ceremonies;

/// <summary>Which kind may fill which slot, and which members each kind needs.</summary>
internal static class CredentialSlots
{
    /// <summary>The kinds that can be a factor, in the order they are offered.</summary>
    public static readonly IReadOnlyList<CredentialKind> FactorKinds = [CredentialKind.Fido2, CredentialKind.Key, CredentialKind.PasswordProtectedKey];

    public static readonly IReadOnlyList<CredentialKind> RecoveryKinds = [CredentialKind.RecoveryKey];

    /// <summary>The kinds that can be added to those a user has.</summary>
    public static readonly IReadOnlyList<CredentialKind> AllKinds = [.. FactorKinds, .. RecoveryKinds];

    private const string DefaultName = "Default Credential";
    private const string DefaultRecoveryName = "Default Recovery Credential";

    /// <summary>Reads the credentials of a registration request, in slot order.</summary>
    /// <param name="request">The parsed body, or the member of it that has its shape.</param>
    /// <param name="at">JSON path of the request: <c>$</c> for a body.</param>
    /// <returns>One to three credentials, or the first fault with its path.</returns>
    public static Checked<IReadOnlyList<SlottedCredential>> Read(RegistrationRequest request, string at = "$")
    {
        var credentials = new List<SlottedCredential>(capacity: 3);
        foreach (var (slot, path, allowed, credential) in new[]
        {
            (CredentialSlot.FirstFactor, $"{at}.firstFactorCredential", FactorKinds, request.FirstFactorCredential),
            (CredentialSlot.SecondFactor, $"{at}.secondFactorCredential", FactorKinds, request.SecondFactorCredential),
            (CredentialSlot.Recovery, $"{at}.recoveryCredential", RecoveryKinds, request.RecoveryCredential),
        })
        {
            if (credential is null)
            {
                if (slot == CredentialSlot.FirstFactor) return ErrorCatalog.MemberRequired.At(path);
                continue;
            }

            if (ReadOne(credential, slot, path, allowed).Failed(out var error, out var read)) return error;
            credentials.Add(read);
        }

        return credentials;
    }

    /// <summary>Reads the one credential of a request that adds it to those a user has: a recovery key beside the others, any other kind as a first factor.</summary>
    /// <param name="credential">The parsed body.</param>
    /// <param name="wanted">The kind that its challenge was issued for.</param>
    /// <returns>The credential, or the first fault with its path.</returns>
    public static Checked<SlottedCredential> ReadAdded(CredentialRequest credential, CredentialKind wanted)
    {
        if (Member.Name(credential.CredentialName, "$.credentialName", Limits.NameLength).Failed(out var error, out _)) return error;
        var slot = RecoveryKinds.Contains(wanted) ? CredentialSlot.Recovery : CredentialSlot.FirstFactor;
        return ReadOne(credential, slot, "$", [wanted]);
    }

    /// <summary>Reads a kind that is asked for.</summary>
    /// <param name="text">As parsed; null when the member is absent.</param>
    /// <param name="path">JSON path of the member.</param>
    /// <param name="allowed">The kinds that fit there.</param>
    public static Checked<CredentialKind> ReadKind(string? text, string path, IReadOnlyList<CredentialKind> allowed)
    {
        if (string.IsNullOrEmpty(text)) return ErrorCatalog.MemberRequired.At(path);
        if (text is "Password" or "Totp") return ErrorCatalog.CredentialKindUnsupported.Saying(Use(allowed)).At(path);
        if (ReadKind(text) is not { } kind) return ErrorCatalog.CredentialKindUnknown.Saying(Use(allowed)).At(path);
        return allowed.Contains(kind) ? kind : ErrorCatalog.CredentialKindMisplaced.Saying(Use(allowed)).At(path);
    }

    private static Checked<SlottedCredential> ReadOne(CredentialRequest credential, CredentialSlot slot, string path, IReadOnlyList<CredentialKind> allowed)
    {
        if (ReadKind(credential.CredentialKind, $"{path}.credentialKind", allowed).Failed(out var error, out var kind)) return error;

        if (credential.CredentialInfo is not { } info) return ErrorCatalog.MemberRequired.At($"{path}.credentialInfo");
        if (Member.Required(info.CredId, $"{path}.credentialInfo.credId") is { } noId) return noId;
        if (Member.Required(info.ClientData, $"{path}.credentialInfo.clientData") is { } noData) return noData;
        if (Member.Required(info.AttestationData, $"{path}.credentialInfo.attestationData") is { } noAttestation) return noAttestation;

        // Only these two kinds leave a private key with the service; from any other it is not wanted.
        var keepsPrivateKey = kind is CredentialKind.PasswordProtectedKey or CredentialKind.RecoveryKey;
        var encryptedPath = $"{path}.encryptedPrivateKey";
        if (kind == CredentialKind.PasswordProtectedKey && Member.Required(credential.EncryptedPrivateKey, encryptedPath) is { } noKey) return noKey;
        if (keepsPrivateKey && Member.OptionalText(credential.EncryptedPrivateKey, encryptedPath, Limits.EncryptedPrivateKeyLength) is { } badKey) return badKey;
        if (Member.OptionalName(credential.CredentialName, $"{path}.credentialName", Limits.NameLength) is { } badName) return badName;

        return new SlottedCredential(
            slot,
            path,
            new RegistrationCredential { Kind = kind, CredId = info.CredId!, ClientData = info.ClientData!, AttestationData = info.AttestationData! },
            credential.CredentialName ?? (slot == CredentialSlot.Recovery ? DefaultRecoveryName : DefaultName),
            keepsPrivateKey ? credential.EncryptedPrivateKey : null);
    }

    /// <summary>Reads the name of a kind. Ordinal and exact: Enum.Parse would take numbers, lists and other cases.</summary>
    public static CredentialKind? ReadKind(string text) => text switch
    {
        nameof(CredentialKind.Fido2) => CredentialKind.Fido2,
        nameof(CredentialKind.Key) => CredentialKind.Key,
        nameof(CredentialKind.PasswordProtectedKey) => CredentialKind.PasswordProtectedKey,
        nameof(CredentialKind.RecoveryKey) => CredentialKind.RecoveryKey,
        _ => null,
    };

    private static string Use(IReadOnlyList<CredentialKind> allowed) => $"Use {string.Join(", ", allowed)}.";
}

/// <summary>A credential of the request, in its slot, with everything that is stored beside the proof.</summary>
/// <param name="Slot">Where it stood.</param>
/// <param name="Path">JSON path of the slot.</param>
/// <param name="Proof">What the verifier reads.</param>
/// <param name="Name">As given, or the default.</param>
/// <param name="EncryptedPrivateKey">Opaque text, for the kinds that leave one.</param>
internal sealed record SlottedCredential(CredentialSlot Slot, string Path, RegistrationCredential Proof, string Name, string? EncryptedPrivateKey);
