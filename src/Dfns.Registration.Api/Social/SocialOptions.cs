namespace Dfns.Registration.Api.Social;

/// <summary>Section <c>Social</c>.</summary>
public sealed class SocialOptions
{
    public const string Section = "Social";

    /// <summary>
    /// How long after it was issued an ID token can start something, whatever its own expiry says; default one hour, at most a day. Until
    /// then it can do so again and again: a cancelled prompt is begun anew with the same token, and what it starts is completed once.
    /// </summary>
    public TimeSpan MaxTokenAge { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Bytes of a body that carries an ID token.</summary>
    internal const int BodySizeBytes = 24 * 1024;
}
