using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dfns.Registration.Api.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class SsoClients : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "sso_clients",
                columns: table => new
                {
                    organisation_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    issuer = table.Column<string>(type: "TEXT", maxLength: 255, nullable: false),
                    client_id = table.Column<string>(type: "TEXT", maxLength: 255, nullable: false),
                    redirect_uris = table.Column<string>(type: "TEXT", nullable: false),
                    sealed_secret = table.Column<byte[]>(type: "BLOB", nullable: true),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_sso_clients", x => new { x.organisation_id, x.issuer, x.client_id });
                    table.ForeignKey(
                        name: "fk_sso_clients_social_providers_organisation_id_issuer",
                        columns: x => new { x.organisation_id, x.issuer },
                        principalTable: "social_providers",
                        principalColumns: new[] { "organisation_id", "issuer" },
                        onDelete: ReferentialAction.Cascade);
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "sso_clients");
        }
    }
}
