using Dfns.Registration.Api.Mail;
using Dfns.Registration.Api.Recovery;
using Dfns.Registration.Api.Registration;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.SignIn;
using Dfns.Registration.Api.Social;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Throttling;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Trust;
using Microsoft.Extensions.Options;
using MimeKit;

namespace Dfns.Registration.Api.Hosting;

/// <summary>
/// Binds every section, unknown keys refused, and checks them all at start. The service tells every fault at once, each with its key
/// and a valid example; security floors are checked here and cannot be configured away.
/// </summary>
internal static class Settings
{
    public static void AddSettings(this WebApplicationBuilder builder)
    {
        var development = builder.Environment.IsDevelopment();
        builder.Bind<DatabaseOptions>(DatabaseOptions.Section)
            .PostConfigure(o => o.ConnectionString ??= o.Provider == DatabaseProvider.Sqlite && development ? $"Data Source={builder.DataFile("registration.db")}" : null)
            .Validate(o => !string.IsNullOrWhiteSpace(o.ConnectionString), "Database:ConnectionString is required, such as 'Host=db;Database=registration;Username=registration;Password=…'.")
            .Validate(o => string.IsNullOrWhiteSpace(o.ConnectionString) || o.IsConnectionString(), "Database:ConnectionString is not one that Npgsql or Microsoft.Data.Sqlite can read; write it such as 'Host=db;Database=registration;Username=registration;Password=…'.")
            .Validate(o => o.StartTimeout >= TimeSpan.Zero, "Database:StartTimeout must not be negative, such as '00:00:30'.");

        builder.Bind<SecretsOptions>(SecretsOptions.Section)
            .PostConfigure(o => o.MasterKey ??= development ? DevelopmentMasterKey(builder.DataFile("master.key")) : null)
            .Validate(o => SecretsOptions.IsMasterKey(o.MasterKey), "Secrets:MasterKey must be 32 random bytes in base64, such as the output of 'openssl rand -base64 32'.");

        builder.Bind<TokenOptions>(TokenOptions.Section)
            .PostConfigure(o => o.Issuer ??= development ? "http://localhost" : null)
            .Validate(o => IsHttpUrl(o.Issuer, development), "Tokens:Issuer must be the public https address of the service, such as 'https://auth.example.co'.")
            .Validate(o => o.SigningKeyLifetime >= TimeSpan.FromDays(1) && o.SigningKeyLifetime <= TimeSpan.FromDays(365), "Tokens:SigningKeyLifetime must be at least a day and at most a year, such as '90.00:00:00'.");

        builder.Bind<RegistrationOptions>(RegistrationOptions.Section)
            .Validate(o => o.CodeLifetime > TimeSpan.Zero && o.CodeLifetime <= TimeSpan.FromDays(7), "Registration:CodeLifetime must be more than zero and at most 7 days, such as '04:00:00'.")
            .Validate(o => o.ChallengeLifetime > TimeSpan.Zero && o.ChallengeLifetime <= TimeSpan.FromHours(1), "Registration:ChallengeLifetime must be more than zero and at most one hour, such as '00:15:00'.")
            .Validate(o => o.ResendInterval >= TimeSpan.Zero && o.ResendInterval <= TimeSpan.FromHours(1), "Registration:ResendInterval must not be negative and at most one hour, such as '00:01:00'.");

        builder.Bind<SignInOptions>(SignInOptions.Section)
            .Validate(o => o.CodeLifetime > TimeSpan.Zero && o.CodeLifetime <= TimeSpan.FromHours(1), "SignIn:CodeLifetime must be more than zero and at most one hour, such as '00:15:00'.")
            .Validate(o => o.ChallengeLifetime > TimeSpan.Zero && o.ChallengeLifetime <= TimeSpan.FromHours(1), "SignIn:ChallengeLifetime must be more than zero and at most one hour, such as '00:05:00'.")
            .Validate(o => o.UserActionLifetime > TimeSpan.Zero && o.UserActionLifetime <= TimeSpan.FromHours(1), "SignIn:UserActionLifetime must be more than zero and at most one hour, such as '00:05:00'.")
            .Validate(o => o.SessionLifetime > TimeSpan.Zero && o.SessionLifetime <= TimeSpan.FromDays(30), "SignIn:SessionLifetime must be more than zero and at most 30 days, such as '06:00:00'.");

        builder.Bind<RecoveryOptions>(RecoveryOptions.Section)
            .Validate(o => o.CodeLifetime > TimeSpan.Zero && o.CodeLifetime <= TimeSpan.FromHours(1), "Recovery:CodeLifetime must be more than zero and at most one hour, such as '00:15:00'.")
            .Validate(o => o.ChallengeLifetime > TimeSpan.Zero && o.ChallengeLifetime <= TimeSpan.FromHours(1), "Recovery:ChallengeLifetime must be more than zero and at most one hour, such as '00:15:00'.");

        builder.Bind<MailOptions>(MailOptions.Section)
            .Validate(o => o.Delivery != MailDelivery.Log || development, "Mail:Delivery may be 'Log' in Development only: it writes codes to the log. Use 'Smtp'.")
            .Validate(o => o.Delivery != MailDelivery.Smtp || !string.IsNullOrWhiteSpace(o.Host), "Mail:Host is required, such as 'smtp.example.co'.")
            .Validate(o => o.Delivery != MailDelivery.Smtp || MailboxAddress.TryParse(o.From, out _), "Mail:From is required, such as 'Example <no-reply@example.co>'.")
            .Validate(o => o.Spread >= TimeSpan.Zero && o.Spread <= TimeSpan.FromMinutes(1), "Mail:Spread must not be negative and at most a minute, such as '00:00:01'.")
            .Validate(o => o.Port is > 0 and <= 65535, "Mail:Port must be from 1 to 65535, such as 587.")
            .Validate(o => o.Link is null || o.Link.Contains("{code}", StringComparison.Ordinal), "Mail:Link must contain '{code}', such as 'https://app.example.co/register#username={username}&code={code}&orgId={orgId}'.");

        builder.Bind<TrustOptions>(TrustOptions.Section)
            .Validate(o => o.RootsDirectory is not { } directory || RootFiles.Read(directory, out _) is null, "Trust:RootsDirectory must be a directory whose .pem files hold certificates and are named after formats, such as 'tpm.pem', 'android-key.google.pem' or 'all.pem'.")
            .Validate(o => o.MetadataSource is null || o.MetadataAddress is null || o.MetadataAddress.Scheme == Uri.UriSchemeHttps, "Trust:MetadataSource must be a file or an https address, such as 'https://mds3.fidoalliance.org/'.")
            .Validate(o => o.MetadataSource is null || IsPemFile(o.MetadataRoots), "Trust:MetadataRoots must be a PEM file with the roots of the metadata service.")
            .Validate(o => o.MetadataMaxOverdue >= TimeSpan.Zero && o.MetadataMaxOverdue <= TimeSpan.FromDays(366), "Trust:MetadataMaxOverdue must not be negative and at most a year, such as '30.00:00:00'.")
            .Validate(o => o.RefreshInterval >= TimeSpan.FromMinutes(1) && o.RefreshInterval <= TimeSpan.FromDays(7), "Trust:RefreshInterval must be at least a minute and at most a week, such as '06:00:00'.");

        builder.Bind<NetworkOptions>(NetworkOptions.Section)
            .Validate(o => o.TrustedProxies.All(p => NetworkOptions.Parse(p) is not null), "Network:TrustedProxies must hold addresses or networks, such as '10.0.0.0/8'.");
        builder.Bind<RateLimitOptions>(RateLimitOptions.Section);
        builder.Bind<SocialOptions>(SocialOptions.Section)
            .Validate(o => o.MaxTokenAge > TimeSpan.Zero && o.MaxTokenAge <= TimeSpan.FromDays(1), "Social:MaxTokenAge must be more than zero and at most a day, such as '01:00:00'.");
    }

    /// <summary>Whether a section could not be bound: a key that it does not know, or a value of the wrong type.</summary>
    public static bool IsBindingFault(InvalidOperationException exception) => exception.Source == typeof(ConfigurationBinder).Assembly.GetName().Name;

    /// <summary>What the binder says of it, which stops at the first.</summary>
    public static string BindingFault(InvalidOperationException exception) =>
        exception.InnerException is { } inner ? $"{exception.Message} {inner.Message}" : exception.Message;

    internal static OptionsBuilder<T> Bind<T>(this WebApplicationBuilder builder, string section)
        where T : class =>
        builder.Services.AddOptions<T>()
            .Bind(builder.Configuration.GetSection(section), binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateDataAnnotations()
            .ValidateOnStart();

    private static string DataFile(this WebApplicationBuilder builder, string name)
    {
        var directory = Directory.CreateDirectory(Path.Combine(builder.Environment.ContentRootPath, "data"));
        return Path.Combine(directory.FullName, name);
    }

    // A newcomer has no secret to configure; one is made, and kept so that a restart reads what the last run wrote.
    private static string DevelopmentMasterKey(string file)
    {
        if (!File.Exists(file))
        {
            Span<byte> key = stackalloc byte[MasterKey.SizeBytes];
            new SystemEntropy().Fill(key);
            File.WriteAllText(file, Convert.ToBase64String(key));
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        return File.ReadAllText(file).Trim();
    }

    private static bool IsPemFile(string? file)
    {
        try
        {
            return file is not null && !RootFiles.ReadPem(file).Refused(out _, out _);
        }
        catch (Exception e) when (RootFiles.IsFileFailure(e))
        {
            return false;
        }
    }

    private static bool IsHttpUrl(string? text, bool development) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || (development && url.Scheme == Uri.UriSchemeHttp));
}
