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
/// claims to be theirs is held to the rules of all answers, and breaks the one that a forged answer to a real user breaks. Their ids are known
/// again wherever an id can be sent: each is answered there like one that is somebody's.
/// </summary>
internal static class NobodysCredentials
{
    /// <summary>How many credentials a user may have whose rows are read in nobody's place.</summary>
    public const int MostOfStandIn = 4;

    private const int KeyIdSize = 32;

    // Some 60 bits of it are the same for all: nobody meets one by chance.
    private const int TagSize = 8;

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

    // Everything that the id of one can stand for.
    private static readonly Told[] AllTold =
    [
        .. from kind in CredentialSlots.FactorKinds
           from slot in new[] { CredentialSlot.FirstFactor, CredentialSlot.SecondFactor }
           from withSecond in slot == CredentialSlot.SecondFactor ? [true] : new[] { false, true }
           from trait in new[] { false, true }
           select new Told(new Shape(kind, slot), withSecond, trait),
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
    /// <param name="masterKey">Tags their ids, so that they are known again wherever they are sent.</param>
    /// <param name="relyingParty">Of the organisation that was asked.</param>
    /// <param name="seed">See <see cref="Seed"/>.</param>
    public static IReadOnlyList<Credential> Of(MasterKey masterKey, RelyingParty relyingParty, string seed)
    {
        var traits = Hash(seed, "traits");
        var shapes = Shapes[traits[0] % Shapes.Length];
        return
        [
            .. shapes.Select((shape, index) =>
            {
                var size = shape.Kind == CredentialKind.Fido2 ? PasskeyIdSizes[traits[index + 1] % PasskeyIdSizes.Length] : KeyIdSize;
                byte[] head = [.. Hash(seed, $"id {index}"), .. Hash(seed, $"more of id {index}")];
                var told = new Told(shape, shapes.Any(s => s.Slot == CredentialSlot.SecondFactor), shape.Kind == CredentialKind.Fido2 ? traits[index + 1] % 2 == 0 : traits[index + 1] % 4 == 0);
                return Make(masterKey, relyingParty, Id(masterKey, relyingParty.OrganisationId, head.AsSpan(0, size - TagSize), told), told, Entropy.IdFrom("cr", Hash(seed, $"uuid {index}")), userId: "");
            }),
        ];
    }

    /// <summary>
    /// The credentials to hold an answer against that comes under an id alone, of a challenge that names nobody: those whose id was made up,
    /// as those that are somebody's.
    /// </summary>
    /// <param name="masterKey">What the tag is made with.</param>
    /// <param name="relyingParty">Of the organisation in which the id is sent.</param>
    /// <param name="credentialId">As sent.</param>
    /// <returns>The one of that id, and its second factor if it has one; none for an id that was not made up here.</returns>
    public static IReadOnlyList<Credential> Under(MasterKey masterKey, RelyingParty relyingParty, byte[] credentialId)
    {
        if (Recognise(masterKey, relyingParty.OrganisationId, credentialId) is not { } told) return [];
        // Whose user handle nobody knows, as a stranger's.
        var userId = Entropy.IdFrom("us", masterKey.HashCode(relyingParty.OrganisationId, "made-up user", Convert.ToHexString(credentialId)));
        var first = Make(masterKey, relyingParty, credentialId, told, "0", userId);
        return told.WithSecond && told.Shape.Slot == CredentialSlot.FirstFactor
            ? [first, Make(masterKey, relyingParty, Hash(userId, "second"), told with { Shape = new(CredentialKind.Fido2, CredentialSlot.SecondFactor) }, "1", userId)]
            : [first];
    }

    /// <summary>
    /// The rows to store of new credentials. An id that was made up is answered like one that is taken, wherever it is sent, and by the same
    /// work: before its row goes another of the same id, so that the database refuses the two as it refuses one that is there already.
    /// </summary>
    /// <param name="masterKey">What the tag is made with.</param>
    /// <param name="rows">As they would be stored.</param>
    public static IEnumerable<Credential> ToStore(MasterKey masterKey, IEnumerable<Credential> rows) => rows.SelectMany(row =>
        Recognise(masterKey, row.OrganisationId, row.CredentialId) is null ? [row] : new[] { Like(row), row });

    private static Credential Like(Credential row) => new()
    {
        OrganisationId = row.OrganisationId,
        // Before the other one in any order, and of no other's key: what is refused is the id, and then whatever is wrong with the row itself.
        Uuid = $"an{row.Uuid[2..]}",
        UserId = row.UserId,
        Kind = row.Kind,
        Slot = row.Slot,
        Name = row.Name,
        CredentialId = row.CredentialId,
        CredentialIdText = row.CredentialIdText,
        PublicKey = Hash(row.Uuid, "key"),
        RelyingPartyId = row.RelyingPartyId,
        CreatedAt = row.CreatedAt,
    };

    private static Credential Make(MasterKey masterKey, RelyingParty relyingParty, byte[] id, Told told, string uuid, string userId) => new()
    {
        OrganisationId = relyingParty.OrganisationId,
        Uuid = uuid,
        UserId = userId,
        Kind = told.Shape.Kind,
        Slot = told.Shape.Slot,
        Name = "",
        CredentialId = id,
        CredentialIdText = Base64Url.EncodeToString(id),
        PublicKey = told.Shape.Kind != CredentialKind.Fido2 && told.Trait ? Ed25519Key : EcdsaKey,
        Algorithm = told.Shape.Kind == CredentialKind.Fido2 ? -7 : null,
        BackupEligible = told.Trait,
        RelyingPartyId = MadeFor(masterKey, relyingParty, id),
        CreatedAt = DateTimeOffset.UnixEpoch,
    };

    // Each is for one of the RP IDs, as everybody's: always the same, not to be foretold without the master key, and by an RP ID that comes or goes no more of them move than must.
    private static string MadeFor(MasterKey masterKey, RelyingParty relyingParty, byte[] id) => relyingParty.FurtherIds is not { Count: > 0 }
        ? relyingParty.RelyingPartyId
        : relyingParty.EveryId.MaxBy(rp => Convert.ToHexString(masterKey.HashCode(relyingParty.OrganisationId, $"made up for {rp}", Convert.ToHexString(id))), StringComparer.Ordinal)!;

    // Unforeseeable all through: its last bytes are a keyed hash of the others, the very last of them together with what there is to know of
    // the credential. One hash tells, since every new credential and every answer is asked.
    private static byte[] Id(MasterKey masterKey, string organisationId, ReadOnlySpan<byte> head, Told told) => [.. head, .. Tag(masterKey, organisationId, head, told)];

    private static byte[] Tag(MasterKey masterKey, string organisationId, ReadOnlySpan<byte> head, Told told)
    {
        var tag = Tag(masterKey, organisationId, head);
        tag[^1] ^= (byte)Array.IndexOf(AllTold, told);
        return tag;
    }

    private static byte[] Tag(MasterKey masterKey, string organisationId, ReadOnlySpan<byte> head) =>
        masterKey.HashCode(organisationId, "made-up id", Convert.ToHexString(head))[..TagSize];

    private static Told? Recognise(MasterKey masterKey, string organisationId, byte[] id)
    {
        if (id.Length != KeyIdSize && !PasskeyIdSizes.Contains(id.Length)) return null;
        var tag = Tag(masterKey, organisationId, id.AsSpan(0, id.Length - TagSize));
        var told = tag[^1] ^ id[^1];
        return CryptographicOperations.FixedTimeEquals(tag.AsSpan(0, TagSize - 1), id.AsSpan(id.Length - TagSize, TagSize - 1)) && told < AllTold.Length ? AllTold[told] : null;
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

    /// <summary>What there is to know of one: its kind and place, whether there is a second factor, and of a passkey whether it is synced, of a key of which sort it is.</summary>
    private sealed record Told(Shape Shape, bool WithSecond, bool Trait);
}
