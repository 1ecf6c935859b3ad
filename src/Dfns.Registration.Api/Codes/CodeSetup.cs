namespace Dfns.Registration.Api.Codes;

/// <summary>The mailed codes.</summary>
internal static class CodeSetup
{
    public static void AddCodes(this WebApplicationBuilder builder)
    {
        builder.Services.AddScoped<CodeStore>();
        builder.Services.AddScoped<Guesses>();
        builder.Services.AddSingleton<GuessStore>();
    }
}
