using System.Buffers.Text;

namespace Dfns.Registration.TestKit;

/// <summary>
/// An authenticator in memory, with its client: makes fresh, correctly signed WebAuthn registrations and assertions, or ones with a
/// single fault.
/// </summary>
public sealed class SoftwareAuthenticator
{
    private SoftwareKey? credentialKey;

    /// <summary>The COSE algorithm number of the credential key.</summary>
    public int Algorithm { get; init; } = -7;

    /// <summary>The credential key pair; fresh, and of the algorithm's type, unless given.</summary>
    public SoftwareKey CredentialKey
    {
        get => credentialKey ??= SoftwareKey.ForAlgorithm(Algorithm);
        init => credentialKey = value;
    }

    /// <summary>The attestation statement format.</summary>
    public AttestationMaker Attestation { get; init; } = AttestationMaker.None;

    /// <summary>Who certifies the attestation key; a fresh root, sent along, unless given. Nobody has reason to trust that one.</summary>
    public Func<CertificateDraft, byte[][]> Certify { get; init; } = leaf =>
    {
        var root = new TestAuthority("Test authority");
        return [.. root.Certify(leaf), root.Certificate];
    };

    /// <summary>The model.</summary>
    public Guid Aaguid { get; init; } = new("f00dbabe-0123-4567-89ab-cdef00112233");

    /// <summary>Registers a credential: that of a correct client and authenticator, or of ones with a single fault.</summary>
    /// <param name="challenge">The challenge as it was issued.</param>
    /// <param name="rpId">The RP ID.</param>
    /// <param name="origin">The origin that runs the ceremony.</param>
    /// <param name="change">Changes one thing before everything after it is computed and signed.</param>
    public MadeCredential Create(string challenge, string rpId, string origin, Action<RegistrationDraft>? change = null)
    {
        var draft = new RegistrationDraft(this, challenge, rpId, origin);
        change?.Invoke(draft);
        return draft.ToCredential();
    }

    /// <summary>Signs with the credential: the assertion of a correct client and authenticator, or of ones with a single fault.</summary>
    /// <param name="challenge">The challenge as it was issued.</param>
    /// <param name="rpId">The RP ID.</param>
    /// <param name="origin">The origin that runs the ceremony.</param>
    /// <param name="credId">The credential id, as <see cref="MadeCredential.CredId"/> of its registration has it.</param>
    /// <param name="userId">The user id, which becomes the user handle; null where the authenticator gives none.</param>
    /// <param name="change">Changes one thing before everything after it is computed and signed.</param>
    public MadeAssertion Get(
        string challenge, string rpId, string origin, string credId, string? userId = null, Action<AssertionDraft>? change = null)
    {
        var draft = new AssertionDraft(this, challenge, rpId, origin, Base64Url.DecodeFromChars(credId), userId);
        change?.Invoke(draft);
        return draft.ToAssertion();
    }
}
