using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;

namespace Dfns.Registration.Api.SignIn;

/// <summary>
/// The state that goes to the provider and comes back with its answer (RFC 6749 §4.1.1): 256 random bits and the organisation that they are of. The database has its hash alone; whoever sees the
/// state, as the provider and the browser's history do, can tell neither the nonce nor the secret of PKCE, which follow from it and the master key.
/// </summary>
internal sealed record SsoState
{
    /// <summary>From when it is sent until its answer must be there.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private SsoState(string organisationId, string secret) => (OrganisationId, Text) = (organisationId, $"{secret}.{organisationId}");

    public string OrganisationId { get; }

    /// <summary>As it is sent.</summary>
    public string Text { get; }

    /// <summary>The row that it names.</summary>
    public TokenReference Row => new(OrganisationId, Entropy.IdFrom("ss", SHA256.HashData(Encoding.UTF8.GetBytes(Text))));

    public static SsoState New(string organisationId, Entropy entropy) => new(organisationId, entropy.Challenge());

    /// <summary>Reads a state as it came back; null for what has not its form.</summary>
    public static SsoState? Parse(string text) =>
        text.Length > Limits.ChallengeLength + 1 && text[Limits.ChallengeLength] == '.' && text.Length <= Limits.SsoStateLength ? new SsoState(text[(Limits.ChallengeLength + 1)..], text[..Limits.ChallengeLength]) : null;

    /// <summary>The <c>code_verifier</c> (RFC 7636 §4.1): 43 characters.</summary>
    public string Verifier(MasterKey masterKey) => Base64Url.EncodeToString(masterKey.SecretOf("code_verifier", Text));

    /// <summary>The <c>code_challenge</c> of a verifier by the method <c>S256</c> (§4.2): 43 characters.</summary>
    public static string Challenge(string verifier) => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));

    /// <summary>The <c>nonce</c> that the ID token must carry (OpenID Connect Core 1.0 §3.1.2.1): 43 characters.</summary>
    public string Nonce(MasterKey masterKey) => Base64Url.EncodeToString(masterKey.SecretOf("nonce", Text));
}
