using System.Globalization;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// A credential that its user can sign with, as a challenge names it; no more of it is read. Of a user who has more than may be the one that
/// is needed beside any other is named, and of the rest those that were used last.
/// </summary>
/// <param name="Uuid">Our own id of it.</param>
/// <param name="Kind">Not a recovery key.</param>
/// <param name="Slot">Whether it is a first factor or a second.</param>
/// <param name="CredentialIdText">As it was registered.</param>
/// <param name="RelyingPartyId">The RP ID under which it was registered.</param>
/// <param name="EncryptedPrivateKey">Null where it is not handed out.</param>
internal sealed record SigningCredential(string Uuid, CredentialKind Kind, CredentialSlot Slot, string CredentialIdText, string RelyingPartyId, string? EncryptedPrivateKey)
{
    /// <summary>The columns that <see cref="Read"/> takes, of <c>s</c>.</summary>
    public const string Columns = "s.uuid, s.kind, s.slot, s.credential_id_text, s.relying_party_id, NULL";

    /// <summary>The same with the encrypted private key, of <c>s</c> and of <see cref="PrivateKeys"/>.</summary>
    public const string ColumnsWithPrivateKeys = "s.uuid, s.kind, s.slot, s.credential_id_text, s.relying_party_id, x.encrypted_private_key";

    /// <summary>What <see cref="ColumnsWithPrivateKeys"/> wants joined.</summary>
    public const string PrivateKeys = "LEFT JOIN credentials AS x ON x.organisation_id = s.organisation_id AND x.uuid = s.uuid AND s.kind = 'PasswordProtectedKey'";

    /// <summary>The order in which a challenge names them.</summary>
    public const string Order = "s.created_at, s.uuid";

    /// <summary>Which are joined as <c>s</c>, of <see cref="Query"/>.</summary>
    public static readonly string IsNamed = string.Create(CultureInfo.InvariantCulture, $"s.place <= {UserRows.MostInUse}");

    /// <summary>A query of the credentials of users: SQL of both databases.</summary>
    /// <param name="users">A table of them, each a row: <c>n</c>, <c>organisation_id</c>, <c>user_id</c>.</param>
    public static string Query(string users) =>
        $"""
        SELECT f.n, k.organisation_id, k.user_id, k.uuid, k.kind, k.slot, k.credential_id_text, k.relying_party_id, k.created_at,
            row_number() OVER (PARTITION BY f.n ORDER BY k.slot = 'SecondFactor' DESC, COALESCE(k.used_at, k.created_at) DESC, k.uuid) AS place
        FROM {users} AS f
        JOIN credentials AS k ON k.organisation_id = f.organisation_id AND k.user_id = f.user_id AND k.status = 'Active' AND k.slot <> 'Recovery'
        """;

    /// <summary>Reads one from a row of an answer.</summary>
    /// <returns>Null where an outer join found none.</returns>
    public static SigningCredential? Read(AnswerRow row)
    {
        var (uuid, kind, slot, id, rp, key) = (row.Value<string>(), row.Value<string>(), row.Value<string>(), row.Value<string>(), row.Value<string>(), row.Value<string>());
        return id is null ? null : new SigningCredential(uuid!, Enum.Parse<CredentialKind>(kind!), Enum.Parse<CredentialSlot>(slot!), id, rp!, key);
    }

    /// <summary>The same of a row that was not read from a database.</summary>
    public static SigningCredential Of(Credential credential) => new(credential.Uuid, credential.Kind, credential.Slot, credential.CredentialIdText, credential.RelyingPartyId, EncryptedPrivateKey: null);
}
