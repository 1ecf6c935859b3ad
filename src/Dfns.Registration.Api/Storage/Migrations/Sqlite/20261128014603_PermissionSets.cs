using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dfns.Registration.Api.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class PermissionSets : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_users_organisation_id_created_at_id",
                table: "users");

            migrationBuilder.AddColumn<bool>(
                name: "second_factor_optional",
                table: "relying_parties",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.CreateTable(
                name: "permission_sets",
                columns: table => new
                {
                    organisation_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    name = table.Column<string>(type: "TEXT", maxLength: 100, nullable: false),
                    operations = table.Column<string>(type: "TEXT", nullable: false),
                    is_archived = table.Column<bool>(type: "INTEGER", nullable: false),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false),
                    updated_at = table.Column<long>(type: "INTEGER", nullable: false),
                    version = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_permission_sets", x => new { x.organisation_id, x.id });
                    table.ForeignKey(
                        name: "fk_permission_sets_organisations_organisation_id",
                        column: x => x.organisation_id,
                        principalTable: "organisations",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "permission_set_assignments",
                columns: table => new
                {
                    organisation_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    permission_set_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    user_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_permission_set_assignments", x => new { x.organisation_id, x.id });
                    table.ForeignKey(
                        name: "fk_permission_set_assignments_permission_sets_organisation_id_permission_set_id",
                        columns: x => new { x.organisation_id, x.permission_set_id },
                        principalTable: "permission_sets",
                        principalColumns: new[] { "organisation_id", "id" },
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "fk_permission_set_assignments_users_organisation_id_user_id",
                        columns: x => new { x.organisation_id, x.user_id },
                        principalTable: "users",
                        principalColumns: new[] { "organisation_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_users_begun",
                table: "users",
                columns: new[] { "organisation_id", "created_at" },
                filter: "registered_at IS NULL AND archived_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_users_listed",
                table: "users",
                columns: new[] { "organisation_id", "kind", "created_at", "id" },
                filter: "NOT is_service_account AND archived_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_users_registered",
                table: "users",
                columns: new[] { "organisation_id", "id" },
                filter: "registered_at IS NOT NULL AND archived_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_social_providers_issuer",
                table: "social_providers",
                column: "issuer");

            migrationBuilder.CreateIndex(
                name: "ix_permission_set_assignments_identity",
                table: "permission_set_assignments",
                columns: new[] { "organisation_id", "user_id", "permission_set_id" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_permission_set_assignments_page",
                table: "permission_set_assignments",
                columns: new[] { "organisation_id", "permission_set_id", "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_permission_sets_organisation_id_created_at_id",
                table: "permission_sets",
                columns: new[] { "organisation_id", "created_at", "id" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "permission_set_assignments");

            migrationBuilder.DropTable(
                name: "permission_sets");

            migrationBuilder.DropIndex(
                name: "ix_users_begun",
                table: "users");

            migrationBuilder.DropIndex(
                name: "ix_users_listed",
                table: "users");

            migrationBuilder.DropIndex(
                name: "ix_users_registered",
                table: "users");

            migrationBuilder.DropIndex(
                name: "ix_social_providers_issuer",
                table: "social_providers");

            migrationBuilder.DropColumn(
                name: "second_factor_optional",
                table: "relying_parties");

            migrationBuilder.CreateIndex(
                name: "ix_users_organisation_id_created_at_id",
                table: "users",
                columns: new[] { "organisation_id", "created_at", "id" });
        }
    }
}
