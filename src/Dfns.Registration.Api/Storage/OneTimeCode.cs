using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// The mailed code of a purpose that a user has, and the one before it while the mail with this one is not out. Rows with an empty organisation are decoys: what
/// is asked about users who do not exist is counted on them, so that the work done is the same.
/// </summary>
public sealed class OneTimeCode
{
    public required string OrganisationId { get; init; }

    /// <summary>The user whose code it is, or the name of a decoy; hence no foreign key.</summary>
    public required string UserId { get; init; }

    public required CodePurpose Purpose { get; init; }

    /// <summary>HMAC-SHA-256 of organisation, user, purpose and code under a key the database does not hold: 32 bytes.</summary>
    public required byte[] CodeHash { get; set; }

    public required DateTimeOffset CreatedAt { get; set; }

    public required DateTimeOffset ExpiresAt { get; set; }

    /// <summary>
    /// The hash of the code before this one, which is good beside it until the mail server has taken this one: whoever asks for a code is not
    /// always its owner, and not every name can be mailed. Null where there is none. What uses or ends the row ends both.
    /// </summary>
    public byte[]? EarlierCodeHash { get; set; }

    /// <summary>UTC; when the code before this one ends.</summary>
    public DateTimeOffset? EarlierExpiresAt { get; set; }

    /// <summary>What had been counted against the code before this one when this one came; what is counted since counts against both.</summary>
    public long EarlierFailedAttempts { get; set; }

    /// <summary>UTC; when a code was last asked for, null while the first one stands.</summary>
    public DateTimeOffset? SentAt { get; set; }

    /// <summary>How many codes were sent one after the other, none of which was used.</summary>
    public int SentInSuccession { get; set; }

    /// <summary>When a code is sent to a user who was invited and then continued by a service account.</summary>
    public static readonly DateTimeOffset Never = new(9999, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>UTC; from when on another code is sent, null for at once.</summary>
    public DateTimeOffset? NextSendAt { get; set; }

    /// <summary>Guesses that are not known to be right, counted before they are compared; at the limit the code is locked.</summary>
    public long FailedAttempts { get; set; }

    /// <summary>UTC; set by the transaction that completes what the code was for.</summary>
    public DateTimeOffset? ConsumedAt { get; private set; }

    /// <summary>Puts another code in this one's place, and in that of the one before, as an operator may at any time.</summary>
    public void Replace(byte[] codeHash, DateTimeOffset now, DateTimeOffset expiresAt)
    {
        (CodeHash, CreatedAt, ExpiresAt, SentAt, FailedAttempts, ConsumedAt) = (codeHash, now, expiresAt, now, 0, null);
        (EarlierCodeHash, EarlierExpiresAt, EarlierFailedAttempts) = (null, null, 0);
        NextSendAt = null;
    }

    /// <summary>Notes that what the code was for is complete. Whoever used a code may ask for another one.</summary>
    public void Consume(DateTimeOffset now)
    {
        ConsumedAt ??= now;
        SentInSuccession = 0;
        NextSendAt = null;
    }

    /// <summary>How many decoys of each purpose the migrations insert: enough that requests about different unknown users rarely wait for the same row.</summary>
    internal const int Decoys = 4096;

    /// <summary>The name of the decoy that a number, taken modulo their count, picks.</summary>
    public static string DecoyName(int number) => string.Create(CultureInfo.InvariantCulture, $"decoy-{number % Decoys}");

    /// <summary>The row of a user to whom no code of the purpose was sent yet: it is there to be counted on, and matches nothing.</summary>
    public static OneTimeCode NotIssued(User user, CodePurpose purpose, DateTimeOffset now) => new()
    {
        OrganisationId = user.OrganisationId,
        UserId = user.Id,
        Purpose = purpose,
        CodeHash = new byte[32],
        CreatedAt = now,
        ExpiresAt = now,
    };

    internal sealed class Mapping : IEntityTypeConfiguration<OneTimeCode>
    {
        public void Configure(EntityTypeBuilder<OneTimeCode> builder)
        {
            builder.HasKey(c => new { c.OrganisationId, c.UserId, c.Purpose });
            builder.ToTable("codes");
            builder.Property(c => c.OrganisationId).HasMaxLength(Limits.IdLength);
            builder.Property(c => c.UserId).HasMaxLength(Limits.IdLength);
            builder.Property(c => c.Purpose).HasConversion<string>().HasMaxLength(Limits.EnumLength);
        }
    }
}

/// <summary>What a mailed code is for; it is good for nothing else.</summary>
public enum CodePurpose
{
    /// <summary>Starting a registration.</summary>
    Registration,

    /// <summary>Being handed one's encrypted private keys when signing in.</summary>
    Login,

    /// <summary>Starting a recovery.</summary>
    Recovery,
}
