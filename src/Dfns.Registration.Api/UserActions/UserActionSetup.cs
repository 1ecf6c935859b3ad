namespace Dfns.Registration.Api.UserActions;

/// <summary>Signing calls, and what is kept of it.</summary>
internal static class UserActionSetup
{
    public static void AddUserActions(this WebApplicationBuilder builder) => builder.Services.AddScoped<SignedActionStore>();
}
