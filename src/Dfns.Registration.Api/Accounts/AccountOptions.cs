namespace Dfns.Registration.Api.Accounts;

/// <summary>What the flow that opens sessions has set of them.</summary>
internal sealed class AccountOptions
{
    /// <summary>How long a session lasts; <c>SignIn:SessionLifetime</c>.</summary>
    public TimeSpan SessionLifetime { get; set; }
}
