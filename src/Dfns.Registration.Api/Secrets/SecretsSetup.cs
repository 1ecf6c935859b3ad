using System.Text;
using Dfns.Registration.Api.Settings;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Secrets;

/// <summary>The master key, and the one source of randomness.</summary>
internal static partial class SecretsSetup
{
    public static void AddSecrets(this WebApplicationBuilder builder)
    {
        var development = builder.Environment.IsDevelopment();
        builder.Bind<SecretsOptions>(SecretsOptions.Section)
            .PostConfigure(o => o.MasterKey ??= development ? DevelopmentMasterKey(builder.DataFile("master.key")) : null)
            .Validate(o => SecretsOptions.IsMasterKey(o.MasterKey, builder.Configuration["Tokens:Issuer"]), "Secrets:MasterKey must be 32 random bytes in base64, such as the output of 'openssl rand -base64 32'.");
        builder.Services.AddSingleton<Entropy, SystemEntropy>();
        builder.Services.AddSingleton(provider =>
        {
            var key = provider.GetRequiredService<IOptions<SecretsOptions>>().Value.MasterKey!;
            if (!SecretsOptions.LooksRandom(key)) LogKnownKey(provider.GetRequiredService<ILogger<MasterKey>>());
            return new MasterKey(Convert.FromBase64String(key));
        });
    }

    // A newcomer has no secret to configure; one is made, and kept so that a restart reads what the last run wrote.
    private static string DevelopmentMasterKey(string file)
    {
        if (!File.Exists(file))
        {
            Span<byte> key = stackalloc byte[MasterKey.SizeBytes];
            new SystemEntropy().Fill(key);
            // Nobody else's at any moment, not even until its mode is set.
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            // Whole under its name or not there, whenever this start may be killed; and of several at once the first one's stays.
            var whole = $"{file}.{Environment.ProcessId}";
            File.Delete(whole);
            using (var stream = new FileStream(whole, options)) stream.Write(Encoding.ASCII.GetBytes(Convert.ToBase64String(key)));
            try
            {
                File.Move(whole, file);
            }
            catch (IOException) when (File.Exists(file))
            {
                File.Delete(whole);
            }
        }

        return File.ReadAllText(file).Trim();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Secrets:MasterKey is not random. It is taken because Tokens:Issuer has a name that is reserved for examples and tests; whoever knows the key can read every secret and make every token of this service.")]
    private static partial void LogKnownKey(ILogger logger);
}
