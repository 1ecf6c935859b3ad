using System.Buffers.Text;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Api.SignIn;

/// <summary>
/// The credentials of a user who does not exist: the same ones each time for the same name, not to be computed without the master key, and
/// of as many shapes as those of real users have, so that no shape by itself tells that a user exists (WebAuthn L3 §14.6.2).
/// </summary>
internal static class NobodysCredentials
{
    private static readonly CredentialKind[][] Shapes =
    [
        [CredentialKind.Fido2], [CredentialKind.Fido2], [CredentialKind.Fido2], [CredentialKind.Fido2],
        [CredentialKind.Fido2, CredentialKind.Fido2], [CredentialKind.Key], [CredentialKind.Key, CredentialKind.Fido2], [CredentialKind.PasswordProtectedKey],
    ];

    // Platforms and security keys differ in the length of their ids; clients of raw keys take hashes.
    private static readonly int[] PasskeyIdSizes = [16, 20, 32, 32, 32, 48, 64, 64];
    private const int KeyIdSize = 32;

    /// <summary>Makes them up.</summary>
    /// <param name="masterKey">What makes them unforeseeable.</param>
    /// <param name="relyingParty">Of the organisation that was asked.</param>
    /// <param name="folded">The username in the form to compare.</param>
    public static IReadOnlyList<Credential> Of(MasterKey masterKey, RelyingParty relyingParty, string folded)
    {
        var seed = Hash("shape");
        return
        [
            .. Shapes[seed[0] % Shapes.Length].Select((kind, index) =>
            {
                byte[] id = [.. Hash($"id {index}"), .. Hash($"more of id {index}")];
                id = id[..(kind == CredentialKind.Fido2 ? PasskeyIdSizes[seed[index + 1] % PasskeyIdSizes.Length] : KeyIdSize)];
                return new Credential
                {
                    OrganisationId = relyingParty.OrganisationId,
                    Uuid = $"{index}",
                    UserId = "",
                    Kind = kind,
                    Slot = CredentialSlot.FirstFactor,
                    Name = "",
                    CredentialId = id,
                    CredentialIdText = Base64Url.EncodeToString(id),
                    PublicKey = [],
                    RelyingPartyId = relyingParty.RelyingPartyId,
                    CreatedAt = DateTimeOffset.UnixEpoch,
                };
            }),
        ];

        byte[] Hash(string what) => masterKey.HashCode(relyingParty.OrganisationId, folded, $"nobody's credentials: {what}");
    }
}
