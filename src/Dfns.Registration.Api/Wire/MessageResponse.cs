namespace Dfns.Registration.Api.Wire;

/// <summary>Answer of calls that have nothing to tell.</summary>
public sealed record MessageResponse(string Message)
{
    public static readonly MessageResponse Success = new("success");
}
