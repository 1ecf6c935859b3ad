namespace Dfns.Registration.Api.Social;

/// <summary>Where a provider takes people and codes (OpenID Connect Discovery 1.0 §3).</summary>
/// <param name="Authorization">Its <c>authorization_endpoint</c>; null where the document has none that is a text.</param>
/// <param name="Token">Its <c>token_endpoint</c>, likewise.</param>
/// <param name="TokenMethods">How clients may prove themselves there; null where the document does not say, which means <c>client_secret_basic</c>.</param>
internal sealed record ProviderEndpoints(string? Authorization, string? Token, IReadOnlyList<string>? TokenMethods);
