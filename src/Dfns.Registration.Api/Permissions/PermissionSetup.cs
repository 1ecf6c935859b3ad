namespace Dfns.Registration.Api.Permissions;

/// <summary>Named sets of operations, and whose they are.</summary>
internal static class PermissionSetup
{
    public static void AddPermissions(this WebApplicationBuilder builder) => builder.Services.AddScoped<PermissionStore>();
}
