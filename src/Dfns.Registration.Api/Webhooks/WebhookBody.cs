using System.Globalization;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.Webhooks;

/// <summary>Reads what a webhook is to be.</summary>
internal sealed class WebhookBody(WebhookUrls urls)
{
    public const string Enabled = "Enabled";
    public const string Disabled = "Disabled";

    /// <summary>As many entries are looked at; there are fewer kinds.</summary>
    private const int MostEntries = 100;

    /// <summary>A status as the wire has it: 0 where there was no answer.</summary>
    public static string StatusText(int? status) => (status ?? 0).ToString(CultureInfo.InvariantCulture);

    /// <summary>Reads one that is created.</summary>
    public Checked<WebhookValues> Read(CreateWebhookRequest request)
    {
        if (urls.Fault(request.Url) is { } fault) return fault;
        if (ReadEvents(request.Events).Failed(out var error, out var events)) return error;
        return Read(new WebhookValues(request.Url!, events, Description: null, IsEnabled: true), request.Status, request.Description);
    }

    /// <summary>Reads one that is changed.</summary>
    /// <param name="request">What is left out stays.</param>
    /// <param name="was">What it was.</param>
    public Checked<WebhookValues> Read(UpdateWebhookRequest request, WebhookValues was)
    {
        if (request.Url is not null && urls.Fault(request.Url) is { } fault) return fault;
        var events = was.Events;
        if (request.Events is not null && ReadEvents(request.Events).Failed(out var error, out events!)) return error;
        return Read(was with { Url = request.Url ?? was.Url, Events = events }, request.Status, request.Description);
    }

    private static Checked<WebhookValues> Read(WebhookValues values, string? status, string? description)
    {
        if (status is not (null or Enabled or Disabled)) return ErrorCatalog.MemberInvalid.Saying($"Use {Enabled} or {Disabled}.").At("$.status");
        return values with { IsEnabled = status is null ? values.IsEnabled : status == Enabled, Description = description ?? values.Description };
    }

    private static Checked<List<string>> ReadEvents(IReadOnlyList<string?>? sent)
    {
        const string path = "$.events";
        if (sent is null or { Count: 0 }) return ErrorCatalog.MemberRequired.At(path);
        if (sent.Count > MostEntries) return ErrorCatalog.MemberTooLong.Saying($"At most {MostEntries} entries.").At(path);
        foreach (var (n, kind) in sent.Index())
        {
            if (kind is null || !EventKinds.IsKnown(kind)) return ErrorCatalog.EventUnknown.At($"{path}[{n}]");
        }

        return sent.OfType<string>().Distinct(StringComparer.Ordinal).ToList();
    }
}
