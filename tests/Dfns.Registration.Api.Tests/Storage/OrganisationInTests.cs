namespace Dfns.Registration.Api.Tests.Storage;

/// <summary>The reader that <see cref="GrowingReadTests"/> holds every statement against: it sees an organisation that is missing, wherever.</summary>
public sealed class OrganisationInTests
{
    private static readonly HashSet<string> Owned = ["users", "credentials", "codes"];

    [Theory]
    [InlineData("SELECT u.id FROM users AS u WHERE u.organisation_id = $1 AND u.id = $2")]
    [InlineData("SELECT u.id FROM users AS u JOIN credentials AS c ON c.organisation_id = u.organisation_id AND c.user_id = u.id WHERE u.organisation_id = @p0")]
    [InlineData("SELECT k.id FROM unnest($1) AS a (organisation_id) JOIN credentials AS k ON k.organisation_id = a.organisation_id")]
    [InlineData("UPDATE users SET is_active = $1 WHERE organisation_id = $2 AND id = $3")]
    [InlineData("UPDATE users AS t SET is_active = a.c2 FROM unnest($1, $2) AS a (c0, c2) WHERE t.organisation_id = a.c0")]
    [InlineData("INSERT INTO users (organisation_id, id) VALUES ($1, $2)")]
    [InlineData("DELETE FROM codes WHERE (organisation_id, id) IN (SELECT r.organisation_id, r.id FROM codes AS r WHERE r.organisation_id = $1)")]
    [InlineData("SELECT s.id FROM (SELECT u.organisation_id FROM users AS u WHERE u.organisation_id = $1) AS s LEFT JOIN (SELECT c0.organisation_id AS \"OrganisationId\" FROM credentials AS c0) AS c1 ON s.organisation_id = c1.\"OrganisationId\"")]
    [InlineData("SELECT kid FROM signing_keys")]
    public void Is_found(string statement) => Assert.Empty(OrganisationIn.Missing(statement, Owned));

    [Theory]
    [InlineData("SELECT u.id FROM users AS u WHERE u.id = $1", "users u")]
    [InlineData("SELECT u.organisation_id FROM users AS u ORDER BY u.organisation_id LIMIT 1", "users u")]
    [InlineData("SELECT u.id FROM users AS u JOIN credentials AS c ON c.user_id = u.id WHERE u.organisation_id = @p0", "credentials c")]
    [InlineData("UPDATE users SET is_active = $1 WHERE id = $3", "users")]
    [InlineData("UPDATE users SET organisation_id = $1 WHERE id = $2", "users")]
    [InlineData("INSERT INTO users (id) VALUES ($1) RETURNING organisation_id", "users")]
    [InlineData("DELETE FROM codes WHERE expires_at < $1", "codes")]
    public void Is_missed(string statement, string table) => Assert.Equal(table, Assert.Single(OrganisationIn.Missing(statement, Owned)));
}
