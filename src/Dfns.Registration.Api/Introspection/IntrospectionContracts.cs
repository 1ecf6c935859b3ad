using System.Text.Json.Serialization;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Tokens;

namespace Dfns.Registration.Api.Introspection;

/// <summary>Body of <c>POST /auth/introspect</c>: a form (RFC 7662 §2.1).</summary>
/// <param name="Token">The token, as it was sent to the caller.</param>
/// <param name="TokenTypeHint">What the caller takes it for, such as <c>access_token</c>; of no meaning here.</param>
public sealed record IntrospectionRequest(string Token, [property: JsonPropertyName("token_type_hint")] string? TokenTypeHint);

/// <summary>What there is to say of a token (RFC 7662 §2.2): of one that is not active, no more than that.</summary>
public sealed record IntrospectionResponse
{
    internal static readonly IntrospectionResponse Inactive = new() { Active = false };

    /// <summary>Whether it is a token of the caller's organisation that a call would be answered for now.</summary>
    public required bool Active { get; init; }

    /// <summary>The permissions that its user has now, with spaces between them; absent where there are none.</summary>
    public string? Scope { get; init; }

    /// <summary>The service account whose token it is, or the personal access token itself; of a session the organisation, whose front ends share it.</summary>
    [JsonPropertyName("client_id")]
    public string? ClientId { get; init; }

    /// <summary>The user, by name.</summary>
    public string? Username { get; init; }

    /// <summary>Bearer (RFC 6750).</summary>
    [JsonPropertyName("token_type")]
    public string? TokenType { get; init; }

    /// <summary>Seconds since 1970 UTC, as in the token.</summary>
    public long? Exp { get; init; }

    /// <summary>Seconds since 1970 UTC, as in the token.</summary>
    public long? Iat { get; init; }

    /// <summary>As in the token: the organisation.</summary>
    public string? Sub { get; init; }

    /// <summary>As in the token.</summary>
    public string? Aud { get; init; }

    /// <summary>As in the token.</summary>
    public string? Iss { get; init; }

    /// <summary>As in the token: the user, by id.</summary>
    [JsonPropertyName(TokenService.AppMetadataClaim)]
    public IntrospectedMetadata? AppMetadata { get; init; }

    internal static IntrospectionResponse Of(Caller holder, string issuer) => new()
    {
        Active = true,
        Scope = holder.Operations is { Count: > 0 } permissions ? string.Join(' ', permissions) : null,
        ClientId = holder.Token.ClientId,
        Username = holder.Person.Username,
        TokenType = "Bearer",
        Exp = holder.Token.ExpiresAt.ToUnixTimeSeconds(),
        Iat = holder.Token.CreatedAt.ToUnixTimeSeconds(),
        Sub = holder.OrganisationId,
        Aud = TokenPurpose.Access.Audience(issuer),
        Iss = issuer,
        AppMetadata = new IntrospectedMetadata(holder.Person.Id, holder.OrganisationId, holder.Token.Kind.ToString()),
    };
}

/// <summary>Whose an access token is, as the token itself has it.</summary>
/// <param name="UserId">The user or service account.</param>
/// <param name="OrgId">The organisation.</param>
/// <param name="TokenKind">Token, ServiceAccount or Pat.</param>
public sealed record IntrospectedMetadata(string UserId, string OrgId, string TokenKind);
