namespace Dfns.Registration.Api.Ceremonies;

/// <summary>Challenges, and what answers them.</summary>
internal static class CeremonySetup
{
    public static void AddCeremonies(this WebApplicationBuilder builder)
    {
        builder.Services.AddScoped<CeremonyStore>();
        builder.Services.AddSingleton<ChallengeStore>();
        builder.Services.AddSingleton<AnswerStore>();
        builder.Services.AddScoped<Factors>();
        builder.Services.AddScoped<ChallengeAnswers>();
        builder.Services.AddScoped<SignedCalls>();
    }
}
