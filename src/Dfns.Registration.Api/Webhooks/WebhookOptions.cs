namespace Dfns.Registration.Api.Webhooks;

/// <summary>Section <c>Webhooks</c>.</summary>
public sealed class WebhookOptions
{
    public const string Section = "Webhooks";

    /// <summary>
    /// Networks that webhooks may be in although nobody outside can reach them, such as <c>10.1.0.0/16</c>; none by default. Whoever may create a
    /// webhook has the service send to any address of them.
    /// </summary>
    public IList<string> AllowedNetworks { get; } = [];

    /// <summary>Hosts that may be told over http, such as <c>backend.internal</c>; none by default. What they are told everybody on the way can read.</summary>
    public IList<string> HttpHosts { get; } = [];

    /// <summary>How long one delivery may take, from the look-up of the name to the status of the answer. Default ten seconds.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);
}
