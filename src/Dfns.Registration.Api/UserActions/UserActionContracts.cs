using System.Text.Json.Serialization;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.UserActions;

/// <summary>Body of <c>POST /auth/action/init</c>: the call that is going to be made.</summary>
/// <param name="UserActionPayload">The text of its body; empty where it has none.</param>
/// <param name="UserActionHttpMethod">POST, PUT, DELETE or GET.</param>
/// <param name="UserActionHttpPath">Its path, without the query.</param>
/// <param name="UserActionServerKind">Api or Staff; of no meaning here.</param>
public sealed record InitUserActionRequest([property: JsonConverter(typeof(WireJson.TextAsSent))] string? UserActionPayload, string? UserActionHttpMethod, string? UserActionHttpPath, string? UserActionServerKind);

/// <summary>Answer of <c>POST /auth/action</c>: what to send in the header <c>X-DFNS-USERACTION</c>, once.</summary>
public sealed record UserActionResponse(string UserAction);
