using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dfns.Registration.Api.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class SignedActions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "signed_actions",
                columns: table => new
                {
                    organisation_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    signer_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    username = table.Column<string>(type: "TEXT", maxLength: 320, nullable: false),
                    credential_uuid = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    method = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    path = table.Column<string>(type: "TEXT", maxLength: 1024, nullable: false),
                    signed_at = table.Column<long>(type: "INTEGER", nullable: false),
                    performed_at = table.Column<long>(type: "INTEGER", nullable: true),
                    evidence = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_signed_actions", x => new { x.organisation_id, x.id });
                });

            migrationBuilder.CreateIndex(
                name: "ix_signed_actions_organisation_id_signed_at",
                table: "signed_actions",
                columns: new[] { "organisation_id", "signed_at" },
                filter: "performed_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_signed_actions_organisation_id_signed_at_id",
                table: "signed_actions",
                columns: new[] { "organisation_id", "signed_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_signed_actions_organisation_id_signer_id_signed_at_id",
                table: "signed_actions",
                columns: new[] { "organisation_id", "signer_id", "signed_at", "id" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "signed_actions");
        }
    }
}
