using Dfns.Registration.Api.Applications;
using Dfns.Registration.Api.CommandLine;
using Dfns.Registration.Api.Credentials;
using Dfns.Registration.Api.Demonstration;
using Dfns.Registration.Api.Hosting;
using Dfns.Registration.Api.Introspection;
using Dfns.Registration.Api.OpenApi;
using Dfns.Registration.Api.Permissions;
using Dfns.Registration.Api.Recovery;
using Dfns.Registration.Api.Registration;
using Dfns.Registration.Api.SignIn;
using Dfns.Registration.Api.Telemetry;
using Dfns.Registration.Api.Throttling;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.UserActions;
using Dfns.Registration.Api.Users;
using Dfns.Registration.Api.Webhooks;

if (OperatorCommandLine.IsAsked(args)) return await OperatorCommandLine.RunAsync(args, new CommandHost(() => ContentRoot.CreateBuilder([])));

if (ContentRoot.TryCreateBuilder(args, Console.Error) is not { } builder) return 1;
builder.AddService();
builder.AddWeb();

if (ContentRoot.TryBuild(builder, Console.Error) is not { } app) return 1;
app.UseForwardedHeaders();
app.UseSecurityHeaders();
if (app.Environment.IsDevelopment()) app.UsePageGuard();
// Before the request log: a page is a dozen files, and the log is about the API.
if (app.Environment.IsDevelopment()) app.UseDefaultFiles().UseStaticFiles();
app.UseRequestTelemetry();
app.UseRequestAudit();
app.UseEdgeErrors();
app.UseHeadAsGet();
app.UseRouting();
if (app.Environment.IsDevelopment()) app.UseConsole();
// Preflights are answered there, and nothing further on is asked.
app.UseWhen(RateLimits.IsPreflight, preflights => preflights.UseRateLimiter());
app.UseCors();
app.UseRateLimiter();
app.Use(Admission.AdmitAsync);
app.UseSwaggerPages();
app.MapRegistration();
app.MapSignIn();
app.MapUserActions();
app.MapUsers();
app.MapServiceAccounts();
app.MapPats();
app.MapPermissions();
app.MapWebhooks();
app.MapApplications();
app.MapRecovery();
app.MapCredentials();
app.MapJwks();
app.MapPasskeyDocuments();
app.MapIntrospection();
app.MapHealth();
app.MapApiDocument();

return await app.RunServiceAsync(Console.Error);
