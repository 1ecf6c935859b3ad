using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.Webhooks;

/// <summary>The secrets that requests to webhooks are signed with: sealed in the database, and told once.</summary>
internal sealed class WebhookSecrets(MasterKey masterKey, Entropy entropy, TimeProvider clock)
{
    private const int SizeBytes = 32;

    /// <summary>A new one, as its owner is told it, and sealed.</summary>
    public (string Secret, byte[] Sealed) New(string organisationId, string webhookId)
    {
        var drawn = new byte[SizeBytes];
        entropy.Fill(drawn);
        var secret = Base64Url.EncodeToString(drawn);
        return (secret, masterKey.Seal(Encoding.ASCII.GetBytes(secret), Webhook.SealedUnder(organisationId, webhookId), entropy));
    }

    /// <summary>Gives a webhook a new secret; until its end the one before signs too.</summary>
    /// <param name="webhook">Tracked.</param>
    /// <param name="overlap">How long the one before is still good; nothing for not at all.</param>
    /// <returns>The new one.</returns>
    public string Rotate(Webhook webhook, TimeSpan overlap)
    {
        var now = clock.GetUtcNow();
        var (secret, sealedSecret) = New(webhook.OrganisationId, webhook.Id);
        var isOverlapping = overlap > TimeSpan.Zero;
        (webhook.EarlierSecret, webhook.EarlierSecretEndsAt, webhook.Secret) = (isOverlapping ? webhook.Secret : null, isOverlapping ? now + overlap : null, sealedSecret);
        webhook.UpdatedAt = now;
        webhook.Version++;
        return secret;
    }

    /// <summary>
    /// Signs a body. While there are two secrets, the header that everybody reads is by the one before, which everybody has, and the next one by the
    /// new one: a check as the hosted service documents it knows of one signature, and goes on as it is.
    /// </summary>
    public WebhookSignatures Sign(Webhook webhook, ReadOnlySpan<byte> body)
    {
        var current = Sign(webhook, webhook.Secret, body);
        return webhook is { EarlierSecret: { } earlier, EarlierSecretEndsAt: { } ends } && ends > clock.GetUtcNow()
            ? new WebhookSignatures(Sign(webhook, earlier, body), current)
            : new WebhookSignatures(current, null);
    }

    private string Sign(Webhook webhook, byte[] sealedSecret, ReadOnlySpan<byte> body) =>
        $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(masterKey.Open(sealedSecret, Webhook.SealedUnder(webhook.OrganisationId, webhook.Id)), body))}";
}

/// <summary>Signatures of one body.</summary>
/// <param name="Signature">By the secret that is sure to be known.</param>
/// <param name="Next">By the one that follows it; null while there is one alone.</param>
internal sealed record WebhookSignatures(string Signature, string? Next);
