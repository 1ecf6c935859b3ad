using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Api.Ceremonies;

/// <summary>
/// The credentials of a user who does not exist: the same ones each time for the same name, not to be computed without the master key, and
/// of as many shapes as those of real users have, so that no shape by itself tells that a user exists (WebAuthn L3 §14.6.2). An answer that
/// claims to be theirs is held to the rules of all answers, and breaks the one that a forged answer to a real user breaks.
/// </summary>
internal static class NobodysCredentials
{
    /// <summary>How many credentials a user may have whose rows are read in nobody's place.</summary>
    public const int MostOfStandIn = 4;

    private const int KeyIdSize = 32;

    // Platforms and security keys differ in the length of their ids; clients of raw keys take hashes.
    private static readonly int[] PasskeyIdSizes = [16, 20, 32, 32, 32, 48, 64, 64];

    // Every pair that a registration can bring; half are a single passkey, as with users. Some added one later.
    private static readonly Shape[][] Shapes =
    [
        .. Enumerable.Repeat<Shape[]>([new(CredentialKind.Fido2)], 15),
        [new(CredentialKind.Fido2), new(CredentialKind.Fido2)],
        [new(CredentialKind.Fido2), new(CredentialKind.Fido2), new(CredentialKind.Fido2)],
        [new(CredentialKind.Key), new(CredentialKind.Fido2)],
        [new(CredentialKind.PasswordProtectedKey), new(CredentialKind.Fido2)],
        [new(CredentialKind.Key)],
        [new(CredentialKind.PasswordProtectedKey)],
        .. CredentialSlots.FactorKinds.SelectMany(first => CredentialSlots.FactorKinds.Select<CredentialKind, Shape[]>(second => [new(first), new(second, CredentialSlot.SecondFactor)])),
    ];

    // Of private keys that are forgotten at once: nobody signs with them. Keys are of both sorts that an answer can tell apart: an Ed25519
    // key takes any name of a hash, since it brings its own.
    private static readonly byte[] EcdsaKey = NewEcdsaKey();
    private static readonly byte[] Ed25519Key = NewEd25519Key();

    /// <summary>What everything that is made up for a name follows from: base64url text.</summary>
    /// <param name="masterKey">What makes it unforeseeable.</param>
    /// <param name="organisationId">The organisation that was asked.</param>
    /// <param name="folded">The username in the form to compare.</param>
    public static string Seed(MasterKey masterKey, string organisationId, string folded) =>
        Base64Url.EncodeToString(masterKey.HashCode(organisationId, folded, "nobody's credentials"));

    /// <summary>Where to look for the user whose rows are read in this nobody's place, so that the database does the same for both: a user id.</summary>
    /// <param name="seed">See <see cref="Seed"/>.</param>
    public static string StandInFrom(string seed) => Entropy.IdFrom("us", Hash(seed, "stand-in"));

    /// <summary>Makes them up.</summary>
    /// <param name="relyingParty">Of the organisation that was asked.</param>
    /// <param name="seed">See <see cref="Seed"/>.</param>
    public static IReadOnlyList<Credential> Of(RelyingParty relyingParty, string seed)
    {
        var traits = Hash(seed, "traits");
        return
        [
            .. Shapes[traits[0] % Shapes.Length].Select((shape, index) =>
            {
                byte[] id = [.. Hash(seed, $"id {index}"), .. Hash(seed, $"more of id {index}")];
                id = id[..(shape.Kind == CredentialKind.Fido2 ? PasskeyIdSizes[traits[index + 1] % PasskeyIdSizes.Length] : KeyIdSize)];
                return new Credential
                {
                    OrganisationId = relyingParty.OrganisationId,
                    Uuid = $"{index}",
                    UserId = "",
                    Kind = shape.Kind,
                    Slot = shape.Slot,
                    Name = "",
                    CredentialId = id,
                    CredentialIdText = Base64Url.EncodeToString(id),
                    PublicKey = shape.Kind != CredentialKind.Fido2 && traits[index + 1] % 4 == 0 ? Ed25519Key : EcdsaKey,
                    Algorithm = shape.Kind == CredentialKind.Fido2 ? -7 : null,
                    BackupEligible = traits[index + 1] % 2 == 0,
                    RelyingPartyId = relyingParty.RelyingPartyId,
                    CreatedAt = DateTimeOffset.UnixEpoch,
                };
            }),
        ];
    }

    private static byte[] Hash(string seed, string what) => SHA256.HashData(Encoding.UTF8.GetBytes($"{seed} {what}"));

    private static byte[] NewEcdsaKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportSubjectPublicKeyInfo();
    }

    private static byte[] NewEd25519Key()
    {
        using var key = NSec.Cryptography.Key.Create(NSec.Cryptography.SignatureAlgorithm.Ed25519);
        return key.PublicKey.Export(NSec.Cryptography.KeyBlobFormat.PkixPublicKey);
    }

    /// <summary>A kind of credential, and where it stands.</summary>
    private sealed record Shape(CredentialKind Kind, CredentialSlot Slot = CredentialSlot.FirstFactor);
}
