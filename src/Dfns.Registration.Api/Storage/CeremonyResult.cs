using System.Security.Cryptography;
using System.Text.Json;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Storage;

/// <summary>What a completed ceremony answered, kept so that the same request gets the same answer.</summary>
internal static class CeremonyResult
{
    /// <summary>Completes a ceremony. The caller saves.</summary>
    /// <param name="ceremony">Open.</param>
    /// <param name="now">UTC.</param>
    /// <param name="digest">SHA-256 of the request body.</param>
    /// <param name="answer">What it is answered with.</param>
    public static void Complete<T>(this Ceremony ceremony, DateTimeOffset now, byte[] digest, T answer)
    {
        ceremony.ConsumedAt = now;
        ceremony.ResultDigest = digest;
        ceremony.Result = JsonSerializer.Serialize(answer, WireJson.Options);
    }

    /// <summary>Asks whether a ceremony is completed, and by what.</summary>
    /// <param name="ceremony">Open, completed or closed.</param>
    /// <param name="digest">SHA-256 of the request body.</param>
    /// <returns>The answer it got then; 409 for another body; null when it is not completed.</returns>
    public static Checked<T>? Repeat<T>(this Ceremony ceremony, ReadOnlySpan<byte> digest)
        where T : notnull
    {
        if (ceremony.Result is not { } result) return null;
        return CryptographicOperations.FixedTimeEquals(digest, ceremony.ResultDigest)
            ? JsonSerializer.Deserialize<T>(result, WireJson.Options)!
            : ErrorCatalog.SessionAlreadyCompleted;
    }
}
