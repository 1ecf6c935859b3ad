using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Threading.RateLimiting;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.Social;

/// <summary>
/// Redeems authorization codes at the token endpoints of providers (OpenID Connect Core 1.0 §3.1.3), with the secret of PKCE (RFC 7636 §4.5). Each costs one request of a few seconds and a
/// bounded answer, goes nowhere but where an operator's provider says, and is made once: a code that was sent twice is one that was stolen.
/// </summary>
internal sealed partial class TokenEndpoint(TimeProvider clock, ILogger<TokenEndpoint> logger) : IDisposable
{
    /// <summary>For one request, its answer included.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Bytes of an answer, which holds an access token too, and what providers add.</summary>
    public const int MaxAnswerSizeBytes = 256 * 1024;

    /// <summary>So many requests wait at most for one provider: one that hangs is not to take up everybody's places.</summary>
    private const int MostWaiting = 64;

    // RFC 6749 §5.2: what may be told of a provider's words, since it is no longer the provider's.
    private static readonly string[] KnownErrors = ["invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope"];

    private readonly ConcurrentDictionary<string, ConcurrencyLimiter> waiting = new(StringComparer.Ordinal);

    // No redirects: whoever follows one hands over code and secret. No cookies, no proxy but the operator's.
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
    {
        MaxResponseContentBufferSize = MaxAnswerSizeBytes,
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Redeems a code.</summary>
    /// <param name="endpoints">Of the client's provider.</param>
    /// <param name="client">By which the code was asked for.</param>
    /// <param name="secret">The client's secret; null for a public client.</param>
    /// <param name="redirectUri">As it was when the code was asked for.</param>
    /// <param name="code">As the provider handed it out.</param>
    /// <param name="verifier">The <c>code_verifier</c>, 43 characters.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The ID token, not verified; or the provider did not take the code, or answers too slowly, or otherwise than it should.</returns>
    public async Task<Checked<string>> RedeemAsync(ProviderEndpoints endpoints, SsoClient client, string? secret, string redirectUri, string code, string verifier, CancellationToken ct)
    {
        using var place = waiting.GetOrAdd(client.Issuer, _ => new ConcurrencyLimiter(new ConcurrencyLimiterOptions { PermitLimit = MostWaiting, QueueLimit = 0 })).AttemptAcquire();
        if (!place.IsAcquired) return ErrorCatalog.SsoProviderUnavailable with { RetryAfterSeconds = (int)Patience.TotalSeconds, Reason = "too many wait for it" };
        if (Request(endpoints, client, secret, redirectUri, code, verifier) is not { } request) return Unavailable("it takes neither client_secret_basic nor client_secret_post");

        using (request)
        using (var patience = new CancellationTokenSource(Patience, clock))
        using (var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, ct))
        {
            try
            {
                using var response = await http.SendAsync(request, either.Token);
                var body = await response.Content.ReadAsByteArrayAsync(either.Token);
                return response.StatusCode switch
                {
                    HttpStatusCode.OK => IdToken(body),
                    // RFC 6749 §5.2: 400, or 401 for what is wrong with the client.
                    HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => Refused(body),
                    _ => Unavailable($"it answered {(int)response.StatusCode}"),
                };
            }
            catch (Exception e) when (e is IOException or HttpRequestException or JsonException || (e is OperationCanceledException && !ct.IsCancellationRequested))
            {
                // Away, too slow, too large, or no JSON.
                return Unavailable(e.GetType().Name);
            }
        }
    }

    public void Dispose()
    {
        http.Dispose();
        foreach (var limiter in waiting.Values) limiter.Dispose();
    }

    private static HttpRequestMessage? Request(ProviderEndpoints endpoints, SsoClient client, string? secret, string redirectUri, string code, string verifier)
    {
        var form = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["grant_type"] = "authorization_code",
            ["code"] = code,
            ["redirect_uri"] = redirectUri,
            ["code_verifier"] = verifier,
        };
        AuthenticationHeaderValue? basic = null;

        // OpenID Connect Core 1.0 §9: by the header, unless the provider says that it takes something else. A public client has nothing but its name.
        var methods = endpoints.TokenMethods ?? ["client_secret_basic"];
        if (secret is null)
        {
            form["client_id"] = client.ClientId;
        }
        else if (methods.Contains("client_secret_basic", StringComparer.Ordinal))
        {
            // RFC 6749 §2.3.1: each as it would stand in a form.
            basic = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes($"{WebUtility.UrlEncode(client.ClientId)}:{WebUtility.UrlEncode(secret)}")));
        }
        else if (methods.Contains("client_secret_post", StringComparer.Ordinal))
        {
            (form["client_id"], form["client_secret"]) = (client.ClientId, secret);
        }
        else
        {
            return null;
        }

        var request = new HttpRequestMessage(HttpMethod.Post, endpoints.Token) { Content = new FormUrlEncodedContent(form) };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.Authorization = basic;
        return request;
    }

    private Checked<string> IdToken(byte[] body) => ProviderDocuments.ReadTokenAnswer(body).IdToken switch
    {
        null => Unavailable("it answered without an id_token"),
        { Length: > Limits.IdTokenLength } => Unavailable("its id_token is too long"),
        var token => token,
    };

    private Checked<string> Refused(byte[] body)
    {
        string? told = null;
        try
        {
            told = ProviderDocuments.ReadTokenAnswer(body).Error;
        }
        catch (JsonException)
        {
            // It is refused all the same.
        }

        var known = Array.Find(KnownErrors, e => string.Equals(e, told, StringComparison.Ordinal));
        Log.Refused(logger, known ?? "nothing that RFC 6749 knows");
        return ErrorCatalog.SsoCodeRefused.Saying(known is null ? null : $"It said {known}.");
    }

    private ApiError Unavailable(string why)
    {
        Log.Failed(logger, why);
        return ErrorCatalog.SsoProviderUnavailable with { Reason = why };
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "An authorization code could not be redeemed: {Fault}")]
        public static partial void Failed(ILogger logger, string fault);

        [LoggerMessage(Level = LogLevel.Warning, Message = "An OpenID provider did not take an authorization code; it said {Error}")]
        public static partial void Refused(ILogger logger, string error);
    }
}
