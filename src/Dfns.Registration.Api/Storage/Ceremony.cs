using Dfns.Registration.Api.Secrets;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Dfns.Registration.Api.Storage;

/// <summary>One issued challenge, and what became of it.</summary>
public sealed class Ceremony
{
    /// <summary>What a sign-in is bound to that a mailed code opened.</summary>
    public const string ByLoginCode = "login code";

    /// <summary>What a registration is bound to that an invitation opened: it completes while the invitation stands.</summary>
    public const string ByInvitation = "invitation";

    /// <summary>With what anything ends that it is bound to and that a session asked for: it is good in that session alone, and ends with it.</summary>
    public static string InSession(string sessionId) => Session + sessionId;

    /// <summary>What stands in front of the session there.</summary>
    public const string Session = " in ";

    public required string OrganisationId { get; init; }

    /// <summary>Id of the form <c>ce-xxxxx-xxxxx-xxxxxxxxxxxxxxxx</c>; the bearer token names it.</summary>
    public required string Id { get; init; }

    public required CeremonyPurpose Purpose { get; init; }

    /// <summary>
    /// Whose ceremony it is; null for a sign-in whose user only the passkey will name. Of <see cref="CeremonyPurpose.LoginOfNobody"/> a user
    /// who has nothing to do with it, and whose rows are read in nobody's place.
    /// </summary>
    public required string? UserId { get; init; }

    /// <summary>The challenge as issued: 43 characters of unpadded base64url.</summary>
    public required string Challenge { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>UTC; of a signed user action, until when it may be used.</summary>
    public required DateTimeOffset ExpiresAt { get; set; }

    /// <summary>UTC; null while the challenge may still be answered. A concurrency token: of two answers at once, one wins.</summary>
    public DateTimeOffset? ConsumedAt { get; set; }

    /// <summary>UTC; when the user action that was signed here was used. A concurrency token: of two uses at once, one wins.</summary>
    public DateTimeOffset? SpentAt { get; set; }

    /// <summary>The uuids of the credentials that signed a user action here, with a space between them. Null until then.</summary>
    public string? SignedBy { get; set; }

    /// <summary>The RP ID that it is given for, where that is one of the organisation's further ones; null for the primary one.</summary>
    public string? RelyingPartyId { get; init; }

    /// <summary>What the challenge is bound to beyond its user, as the purpose has it; null where there is nothing.</summary>
    public string? BoundTo { get; init; }

    /// <summary>On whose word a registration or a recovery was begun, with which it ends (<see cref="VoucherRevocation"/>): the id of a service account, or a provider's issuer. Null where a code began it.</summary>
    public string? VouchedBy { get; set; }

    /// <summary>Of a provider: for which of its clients (<see cref="VoucherRevocation.Clients"/>).</summary>
    public string? VouchedFor { get; set; }

    /// <summary>SHA-256 of the request body that completed it: 32 bytes; null when it is open, or was closed without being completed.</summary>
    public byte[]? ResultDigest { get; set; }

    /// <summary>The answer to that body, as JSON text, for an identical repeat; where none is repeated, the mark of the last use.</summary>
    public string? Result { get; set; }

    public User? User { get; init; }

    /// <summary>
    /// Marks who is about to use this challenge, or the action that was signed here. The driver sends a commit again whose answer was
    /// lost; the mark then tells the use that was committed from another that came first.
    /// </summary>
    public string MarkUse(Entropy entropy) => Result = entropy.Id("ac");

    /// <summary>A new open challenge; the caller saves it.</summary>
    /// <param name="entropy">Gives id and challenge.</param>
    /// <param name="organisationId">Whose it is.</param>
    /// <param name="purpose">What it is issued for.</param>
    /// <param name="userId">Whose ceremony it is; null for one whose user is not known beforehand.</param>
    /// <param name="now">UTC.</param>
    /// <param name="lifetime">How long it may be answered.</param>
    /// <param name="relyingPartyId">The RP ID that it is given for (<see cref="RelyingParty.ChooseId"/>); null for the primary one, and where no credential answers it.</param>
    /// <param name="boundTo">What it is bound to beyond its user.</param>
    /// <param name="id">Its id, where that is to be there only once or the challenge follows from it; else a new one.</param>
    /// <param name="challenge">The challenge, where it follows from something; else a random one.</param>
    public static Ceremony Open(
        Entropy entropy, string organisationId, CeremonyPurpose purpose, string? userId, DateTimeOffset now, TimeSpan lifetime, string? relyingPartyId, string? boundTo = null,
        string? id = null, string? challenge = null) =>
        new()
        {
            OrganisationId = organisationId,
            Id = id ?? entropy.Id("ce"),
            Purpose = purpose,
            UserId = userId,
            Challenge = challenge ?? entropy.Challenge(),
            CreatedAt = now,
            ExpiresAt = now + lifetime,
            RelyingPartyId = relyingPartyId,
            BoundTo = boundTo,
        };

    internal sealed class Mapping : IEntityTypeConfiguration<Ceremony>
    {
        public void Configure(EntityTypeBuilder<Ceremony> builder)
        {
            builder.HasKey(c => new { c.OrganisationId, c.Id });
            builder.Property(c => c.OrganisationId).HasMaxLength(Limits.IdLength);
            builder.Property(c => c.Id).HasMaxLength(Limits.IdLength);
            builder.Property(c => c.Purpose).HasConversion<string>().HasMaxLength(Limits.EnumLength);
            builder.Property(c => c.UserId).HasMaxLength(Limits.IdLength);
            builder.Property(c => c.Challenge).HasMaxLength(Limits.ChallengeLength);
            builder.Property(c => c.RelyingPartyId).HasMaxLength(Limits.DomainLength);
            builder.Property(c => c.SignedBy).HasMaxLength((2 * Limits.IdLength) + 1);
            builder.Property(c => c.ConsumedAt).IsConcurrencyToken();
            builder.Property(c => c.SpentAt).IsConcurrencyToken();
            builder.Property(c => c.VouchedBy).HasMaxLength(Limits.IssuerLength);
            builder.Property(c => c.VouchedFor).HasMaxLength(Limits.IdTokenLength);
            builder.HasIndex(c => new { c.OrganisationId, c.UserId });
            builder.HasIndex(c => new { c.OrganisationId, c.VouchedBy }).HasFilter("vouched_by IS NOT NULL AND consumed_at IS NULL").HasDatabaseName("ix_ceremonies_vouched");
            builder.HasIndex(c => new { c.OrganisationId, c.ExpiresAt });
            builder.HasOne(c => c.User).WithMany().HasForeignKey(c => new { c.OrganisationId, c.UserId }).OnDelete(DeleteBehavior.Cascade);
        }
    }
}

/// <summary>What a challenge was issued for; it answers nothing else.</summary>
public enum CeremonyPurpose
{
    Registration,

    /// <summary>Signing in.</summary>
    Login,

    /// <summary>Signing in as somebody who does not exist: looks like <see cref="Login"/> from outside, and never succeeds. Bound to what the made-up credentials follow from.</summary>
    LoginOfNobody,

    /// <summary>Signing in with an ID token, which is a challenge of its provider and is answered with it: the row is there so that it is there once.</summary>
    SocialLogin,

    /// <summary>Signing in at a provider with the authorization code flow: the row of the state that was sent there, whose answer comes back with it. The challenge is that of PKCE.</summary>
    SsoLogin,

    /// <summary>Signing one call of an endpoint that changes something.</summary>
    UserAction,

    /// <summary>Recovering an account: replacing every credential of a user.</summary>
    Recovery,

    /// <summary>Adding a credential to those a user has.</summary>
    NewCredential,
}
