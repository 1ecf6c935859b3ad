using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Dfns.Registration.Api.Storage;

/// <summary>A key that signs tokens, shared by all instances. Belongs to the service, not to an organisation.</summary>
public sealed class SigningKey
{
    /// <summary>The <c>kid</c> in token headers and in the JWKS.</summary>
    public required string Id { get; init; }

    /// <summary>DER SubjectPublicKeyInfo of a P-256 key, for whoever looks at the table: what verifies and is published is derived from the private half.</summary>
    public required byte[] PublicKey { get; init; }

    /// <summary>DER PKCS#8, sealed with the master key under what else is in the row.</summary>
    public required byte[] SealedPrivateKey { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>From here on it signs; published before, so that every instance knows it by then.</summary>
    public required DateTimeOffset ActiveFrom { get; init; }

    /// <summary>From here on it neither signs nor verifies.</summary>
    public required DateTimeOffset RetiredAt { get; init; }

    internal sealed class Mapping : IEntityTypeConfiguration<SigningKey>
    {
        public void Configure(EntityTypeBuilder<SigningKey> builder)
        {
            builder.Property(k => k.Id).HasMaxLength(Limits.IdLength);
            builder.HasIndex(k => k.RetiredAt);
        }
    }
}
