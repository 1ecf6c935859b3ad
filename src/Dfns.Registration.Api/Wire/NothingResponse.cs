namespace Dfns.Registration.Api.Wire;

/// <summary>An object without members: answer of calls that delete something.</summary>
public sealed record NothingResponse;
