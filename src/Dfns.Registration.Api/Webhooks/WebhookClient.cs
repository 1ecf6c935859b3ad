using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Dfns.Registration.Api.Storage;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Webhooks;

/// <summary>
/// Tells a webhook of an event, once. To no address that is not admitted, by no proxy, which would connect in its place; where an answer redirects
/// to, nobody goes; of its body next to nothing is read.
/// </summary>
internal sealed class WebhookClient : IDisposable
{
    public const string SignatureHeader = "X-DFNS-WEBHOOK-SIGNATURE";
    public const string NextSignatureHeader = "X-DFNS-WEBHOOK-SIGNATURE-NEXT";

    /// <summary>How long a ping may take, for which somebody waits.</summary>
    public static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(5);

    private const int MostDrainedBytes = 4096;
    private const int MostHeaderKilobytes = 16;

    private readonly WebhookAddresses addresses;
    private readonly WebhookUrls urls;
    private readonly TimeProvider clock;
    private readonly TimeSpan timeout;
    private readonly HttpClient http;

    public WebhookClient(WebhookAddresses addresses, WebhookUrls urls, TimeProvider clock, IOptions<WebhookOptions> options)
    {
        (this.addresses, this.urls, this.clock, timeout) = (addresses, urls, clock, options.Value.Timeout);
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
            // A name is looked up again, and what it resolves to asked about.
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            MaxResponseDrainSize = MostDrainedBytes,
            ResponseDrainTimeout = TimeSpan.FromSeconds(1),
            MaxResponseHeadersLength = MostHeaderKilobytes,
            ConnectCallback = ConnectAsync,
        };
        http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("Dfns.Registration", null));
    }

    public void Dispose() => http.Dispose();

    /// <summary>Sends a signed event.</summary>
    /// <param name="webhook">To whom.</param>
    /// <param name="what">The event.</param>
    /// <param name="secrets">Sign it.</param>
    /// <param name="isPing">Whether somebody waits for it.</param>
    /// <param name="ct">Ends the attempt, and is thrown.</param>
    public async Task<WebhookAnswer> SendAsync(Webhook webhook, WebhookEvent what, WebhookSecrets secrets, bool isPing, CancellationToken ct)
    {
        var sentAt = clock.GetUtcNow();
        // The operator may have taken its host off the list since it was created.
        if (!urls.IsAllowedScheme(new Uri(webhook.Url))) return new WebhookAnswer(null, "It is not told over http.", sentAt);
        var body = what.Body(sentAt);
        var signatures = secrets.Sign(webhook, body);
        using var request = new HttpRequestMessage(HttpMethod.Post, webhook.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add(SignatureHeader, signatures.Signature);
        if (signatures.Next is { } next) request.Headers.Add(NextSignatureHeader, next);

        using var limit = new CancellationTokenSource(isPing && timeout > PingTimeout ? PingTimeout : timeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            var status = (int)response.StatusCode;
            return new WebhookAnswer(status, response.IsSuccessStatusCode ? null : $"It answered {status}.", sentAt);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return new WebhookAnswer(null, "It did not answer in time.", sentAt);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return new WebhookAnswer(null, Words(e), sentAt);
        }
    }

    // Nothing of what is at an address, or of how it failed there, beyond what everybody can find out.
    private static string Words(Exception e) => e switch
    {
        _ when e is AddressRefusedException || e.InnerException is AddressRefusedException => "Its address is not sent to: others cannot reach it.",
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => "There was no secure connection to it.",
        _ => "It did not answer.",
    };

    // Here, and not before: what a name resolves to may be something else a moment later.
    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken ct)
    {
        var found = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, ct);
        var admitted = Array.FindAll(found, addresses.Admits);
        if (admitted.Length == 0 && found.Length > 0) throw new AddressRefusedException();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(admitted, context.DnsEndPoint.Port, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>What a name resolved to is not admitted.</summary>
    private sealed class AddressRefusedException() : IOException("The address is not admitted.");
}

/// <summary>What became of one attempt.</summary>
/// <param name="Status">Of the answer; null where there was none.</param>
/// <param name="Error">Why it counts as not delivered; null where it was.</param>
/// <param name="SentAt">UTC.</param>
internal sealed record WebhookAnswer(int? Status, string? Error, DateTimeOffset SentAt)
{
    public bool IsDelivered => Error is null;
}
